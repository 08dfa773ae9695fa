// libcublas.so.12 for tests: products as plain loops in FP64, rounded once. It is the contract that is
// emulated (operands, streams, scalars, math modes), not the rounding of the real library.
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

#include "library_calls.h"

#define CUBLAS_API extern "C" EMULATOR_EXPORT int

namespace {

using emulator::Resource;

// cublas_api.h
enum Status : int {
  SUCCESS = 0,
  NOT_INITIALIZED = 1,
  INVALID_VALUE = 7,
  EXECUTION_FAILED = 13,
  NOT_SUPPORTED = 15,
};
enum PointerMode : int { ON_HOST = 0, ON_DEVICE = 1 };
enum MathMode : int { DEFAULT_MATH = 0, PEDANTIC_MATH = 2, TF32_TENSOR_OP_MATH = 3 };
enum DataType : int { R_32F = 0, R_64F = 1 };
enum ComputeType : int {
  COMPUTE_32F = 68,
  COMPUTE_32F_PEDANTIC = 69,
  COMPUTE_64F = 70,
  COMPUTE_32F_FAST_TF32 = 77,
};

struct Handle {
  void* stream = nullptr;
  int pointer_mode = ON_HOST;
  int math_mode = DEFAULT_MATH;
};

bool valid(const Handle* handle) {
  return emulator::holds_library_object(handle, Resource::CUBLAS_HANDLE);
}

/** First line of every call on a handle. */
#define BEGIN(handle)                                             \
  if (const int code = emulator::begin_library_call(__func__)) { \
    return code;                                                  \
  }                                                               \
  if (!valid(handle)) {                                           \
    return NOT_INITIALIZED;                                       \
  }

/** α or β: on the host it is read at the call, on the device when the work runs. */
template <class T>
class Scalar {
 public:
  Scalar(const Handle* handle, const T* address)
      : on_device_(handle->pointer_mode == ON_DEVICE ? address : nullptr),
        value_(on_device_ == nullptr ? *address : T(0)) {}
  T get() const { return on_device_ == nullptr ? value_ : *on_device_; }
  bool readable() const {
    return on_device_ == nullptr || emulator::in_device_memory(on_device_, sizeof(T));
  }

 private:
  const T* on_device_;
  T value_;
};

/** The nearest number with ten bits behind the leading one, ties to even: what TF32 keeps. */
float tf32(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if ((bits & 0x7F800000u) != 0x7F800000u) {
    bits += 0xFFFu + (bits >> 13 & 1);
    bits &= ~0x1FFFu;
  }
  memcpy(&x, &bits, sizeof x);
  return x;
}

/** A matrix operand: rows×columns as it is stored, leading dimension, distance to the next batch's. */
template <class T>
struct Operand {
  T* at;
  int rows, columns, leading;
  long long stride;

  bool fits(int batches) const {
    if (leading < (rows > 1 ? rows : 1)) {
      return false;
    }
    if (rows == 0 || columns == 0) {
      return true;
    }
    const size_t bytes = (static_cast<size_t>(columns - 1) * leading + rows) * sizeof(T);
    for (int b = 0; b < batches; b++) {
      if (!emulator::in_device_memory(at + b * stride, bytes)) {
        emulator::report("cuBLAS: an operand reaches outside its device memory");
        return false;
      }
    }
    return true;
  }
};

/** op(X) of one batch as a dense FP64 matrix, column-major. */
template <class T>
std::vector<double> factor(const Operand<const T>& x, bool transposed, int batch, bool round) {
  const int rows = transposed ? x.columns : x.rows;
  const int columns = transposed ? x.rows : x.columns;
  std::vector<double> dense(static_cast<size_t>(rows) * columns);
  const T* from = x.at + batch * x.stride;
  for (int j = 0; j < columns; j++) {
    for (int i = 0; i < rows; i++) {
      const T value =
          transposed ? from[j + static_cast<size_t>(i) * x.leading]
                     : from[i + static_cast<size_t>(j) * x.leading];
      double kept = value;
      if constexpr (std::is_same_v<T, float>) {
        kept = round ? tf32(value) : value;
      }
      dense[i + static_cast<size_t>(j) * rows] = kept;
    }
  }
  return dense;
}

/** column += left·right for a column-major left: in the vectors of whatever processor runs it. */
__attribute__((target_clones("arch=haswell", "default"), optimize("O3"))) void add_product(
    const double* __restrict left, const double* __restrict right, int rows, int depth,
    double* __restrict column) {
  int l = 0;
  for (; l + 4 <= depth; l += 4) {  // four columns at a time, so that the sums are seldom loaded
    const double* a = left + static_cast<size_t>(l) * rows;
    const double *b = a + rows, *c = b + rows, *d = c + rows;
    for (int i = 0; i < rows; i++) {
      column[i] += a[i] * right[l] + b[i] * right[l + 1] + c[i] * right[l + 2] + d[i] * right[l + 3];
    }
  }
  for (; l < depth; l++) {
    const double* a = left + static_cast<size_t>(l) * rows;
    for (int i = 0; i < rows; i++) {
      column[i] += a[i] * right[l];
    }
  }
}

enum class Part { ALL, UPPER, LOWER };

/** C ← α op(A) op(B) + β C, or one triangle of it, for every batch. */
template <class T>
struct Product {
  Operand<const T> a, b;
  Operand<T> c;
  bool transpose_a, transpose_b, round;
  Scalar<T> alpha, beta;
  int batches;
  Part part;

  bool fits() const {
    return a.fits(batches) && b.fits(batches) && c.fits(batches) && alpha.readable() &&
           beta.readable();
  }

  void run() const {
    emulator::count_product();
    const int depth = transpose_a ? a.rows : a.columns;
    const double scale = alpha.get(), keep = beta.get();
    std::vector<double> column(c.rows);
    for (int batch = 0; batch < batches; batch++) {
      const std::vector<double> left = factor(a, transpose_a, batch, round);
      const std::vector<double> right = factor(b, transpose_b, batch, round);
      for (int j = 0; j < c.columns; j++) {
        std::fill(column.begin(), column.end(), 0.0);
        add_product(
            left.data(), right.data() + static_cast<size_t>(j) * depth, c.rows, depth,
            column.data());
        T* target = c.at + batch * c.stride + static_cast<size_t>(j) * c.leading;
        const int first = part == Part::LOWER ? j : 0;
        const int last = part == Part::UPPER ? j + 1 : c.rows;
        for (int i = first; i < last; i++) {
          // With β = 0 the old value is not read.
          target[i] = static_cast<T>(scale * column[i] + (keep == 0 ? 0 : keep * target[i]));
        }
      }
    }
  }
};

template <class T>
int enqueue(const Handle* handle, const char* name, const Product<T>& product) {
  if (!product.fits()) {
    return EXECUTION_FAILED;
  }
  const int result = emulator::enqueue_library_work(handle->stream, name, [product] {
    if (!product.fits()) {
      emulator::report("cuBLAS: an operand was freed before the product ran");
      return static_cast<int>(emulator::ILLEGAL_ADDRESS);
    }
    product.run();
    return static_cast<int>(emulator::SUCCESS);
  });
  return result == emulator::SUCCESS ? SUCCESS : EXECUTION_FAILED;
}

template <class T>
int gemm(
    const char* name, const Handle* handle, int op_a, int op_b, int m, int n, int k, const T* alpha,
    const T* a, int lda, long long stride_a, const T* b, int ldb, long long stride_b, const T* beta,
    T* c, int ldc, long long stride_c, int batches, bool round) {
  if (m < 0 || n < 0 || k < 0 || batches < 0 || op_a < 0 || op_a > 2 || op_b < 0 || op_b > 2) {
    return INVALID_VALUE;
  }
  const bool ta = op_a != 0, tb = op_b != 0;
  const Product<T> product = {
      {a, ta ? k : m, ta ? m : k, lda, stride_a},
      {b, tb ? n : k, tb ? k : n, ldb, stride_b},
      {c, m, n, ldc, stride_c},
      ta,
      tb,
      round,
      Scalar<T>(handle, alpha),
      Scalar<T>(handle, beta),
      batches,
      Part::ALL};
  if (product.a.leading < std::max(1, product.a.rows) ||
      product.b.leading < std::max(1, product.b.rows) || ldc < std::max(1, m)) {
    emulator::report("%s: a leading dimension is smaller than its matrix", name);
    return INVALID_VALUE;
  }
  if (m == 0 || n == 0 || batches == 0) {
    return SUCCESS;
  }
  return enqueue(handle, name, product);
}

template <class T>
int syrk(
    const char* name, const Handle* handle, int fill, int op, int n, int k, const T* alpha,
    const T* a, int lda, const T* beta, T* c, int ldc, bool round) {
  if (n < 0 || k < 0 || ldc < std::max(1, n) || fill < 0 || fill > 1) {
    return INVALID_VALUE;
  }
  const bool transposed = op != 0;
  const Operand<const T> factor = {a, transposed ? k : n, transposed ? n : k, lda, 0};
  const Product<T> product = {
      factor, factor, {c, n, n, ldc, 0}, transposed, !transposed, round,
      Scalar<T>(handle, alpha), Scalar<T>(handle, beta), 1,
      fill == 0 ? Part::LOWER : Part::UPPER};
  return n == 0 ? static_cast<int>(SUCCESS) : enqueue(handle, name, product);
}

bool rounds(const Handle* handle) { return handle->math_mode == TF32_TENSOR_OP_MATH; }

}  // namespace

/** For the generated stubs. */
extern "C" int emulator_unsupported(const char* name) {
  return emulator::answer_unsupported(name, NOT_SUPPORTED);
}

CUBLAS_API cublasCreate_v2(Handle** handle) {
  if (const int code = emulator::begin_library_call(__func__)) {
    return code;
  }
  auto created = std::make_unique<Handle>();
  if (!emulator::add_library_object(created.get(), Resource::CUBLAS_HANDLE)) {
    return NOT_INITIALIZED;
  }
  *handle = created.release();
  return SUCCESS;
}

CUBLAS_API cublasDestroy_v2(Handle* handle) {
  BEGIN(handle)
  emulator::remove_library_object(handle);
  delete handle;
  return SUCCESS;
}

CUBLAS_API cublasGetVersion_v2(Handle* handle, int* version) {
  BEGIN(handle)
  *version = 120600;
  return SUCCESS;
}

CUBLAS_API cublasSetStream_v2(Handle* handle, void* stream) {
  BEGIN(handle)
  handle->stream = stream;
  return SUCCESS;
}

CUBLAS_API cublasSetWorkspace_v2(Handle* handle, void* workspace, size_t bytes) {
  BEGIN(handle)
  return emulator::in_device_memory(workspace, bytes) ? SUCCESS : INVALID_VALUE;
}

CUBLAS_API cublasSetPointerMode_v2(Handle* handle, int mode) {
  BEGIN(handle)
  handle->pointer_mode = mode;
  return SUCCESS;
}

CUBLAS_API cublasSetMathMode(Handle* handle, int mode) {
  BEGIN(handle)
  if (mode != DEFAULT_MATH && mode != PEDANTIC_MATH && mode != TF32_TENSOR_OP_MATH) {
    return emulator::answer_unsupported("cublasSetMathMode of this mode", NOT_SUPPORTED);
  }
  handle->math_mode = mode;
  return SUCCESS;
}

#define GEMM(letter, T, round)                                                                  \
  CUBLAS_API cublas##letter##gemm_v2(                                                           \
      Handle* handle, int op_a, int op_b, int m, int n, int k, const T* alpha, const T* a,      \
      int lda, const T* b, int ldb, const T* beta, T* c, int ldc) {                             \
    BEGIN(handle)                                                                               \
    return gemm<T>(                                                                             \
        __func__, handle, op_a, op_b, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1, \
        round);                                                                                 \
  }                                                                                             \
  CUBLAS_API cublas##letter##gemmStridedBatched(                                                \
      Handle* handle, int op_a, int op_b, int m, int n, int k, const T* alpha, const T* a,      \
      int lda, long long stride_a, const T* b, int ldb, long long stride_b, const T* beta,      \
      T* c, int ldc, long long stride_c, int batches) {                                         \
    BEGIN(handle)                                                                               \
    return gemm<T>(                                                                             \
        __func__, handle, op_a, op_b, m, n, k, alpha, a, lda, stride_a, b, ldb, stride_b, beta, \
        c, ldc, stride_c, batches, round);                                                      \
  }                                                                                             \
  CUBLAS_API cublas##letter##syrk_v2(                                                           \
      Handle* handle, int fill, int op, int n, int k, const T* alpha, const T* a, int lda,      \
      const T* beta, T* c, int ldc) {                                                           \
    BEGIN(handle)                                                                               \
    return syrk<T>(__func__, handle, fill, op, n, k, alpha, a, lda, beta, c, ldc, round);       \
  }
GEMM(S, float, rounds(handle))
GEMM(D, double, false)
#undef GEMM

CUBLAS_API cublasGemmStridedBatchedEx(
    Handle* handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a,
    int type_a, int lda, long long stride_a, const void* b, int type_b, int ldb, long long stride_b,
    const void* beta, void* c, int type_c, int ldc, long long stride_c, int batches, int compute,
    int) {
  BEGIN(handle)
  const auto all = [=](int type) { return type_a == type && type_b == type && type_c == type; };
  if (all(R_32F) && (compute == COMPUTE_32F || compute == COMPUTE_32F_PEDANTIC ||
                     compute == COMPUTE_32F_FAST_TF32)) {
    const bool round = compute == COMPUTE_32F_FAST_TF32 ||
                       (compute == COMPUTE_32F && rounds(handle));
    return gemm<float>(
        __func__, handle, op_a, op_b, m, n, k, static_cast<const float*>(alpha),
        static_cast<const float*>(a), lda, stride_a, static_cast<const float*>(b), ldb, stride_b,
        static_cast<const float*>(beta), static_cast<float*>(c), ldc, stride_c, batches, round);
  }
  if (all(R_64F) && compute == COMPUTE_64F) {
    return gemm<double>(
        __func__, handle, op_a, op_b, m, n, k, static_cast<const double*>(alpha),
        static_cast<const double*>(a), lda, stride_a, static_cast<const double*>(b), ldb, stride_b,
        static_cast<const double*>(beta), static_cast<double*>(c), ldc, stride_c, batches, false);
  }
  return emulator::answer_unsupported("a cuBLAS product of these types", NOT_SUPPORTED);
}

CUBLAS_API cublasGemmEx(
    Handle* handle, int op_a, int op_b, int m, int n, int k, const void* alpha, const void* a,
    int type_a, int lda, const void* b, int type_b, int ldb, const void* beta, void* c, int type_c,
    int ldc, int compute, int algorithm) {
  return cublasGemmStridedBatchedEx(
      handle, op_a, op_b, m, n, k, alpha, a, type_a, lda, 0, b, type_b, ldb, 0, beta, c, type_c,
      ldc, 0, 1, compute, algorithm);
}

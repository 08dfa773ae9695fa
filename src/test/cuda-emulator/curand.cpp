// libcurand.so.10 for tests: normal numbers by a generator of its own. Not the real library's sequence.
#include <cmath>
#include <cstdint>
#include <memory>

#include "library_calls.h"

#define CURAND_API extern "C" EMULATOR_EXPORT int

namespace {

using emulator::Resource;

// curand.h
enum Status : int {
  SUCCESS = 0,
  NOT_INITIALIZED = 101,
  TYPE_ERROR = 103,
  LENGTH_NOT_MULTIPLE = 105,
  LAUNCH_FAILURE = 201,
  INTERNAL_ERROR = 999,
};
constexpr int PSEUDO_PHILOX4_32_10 = 161;

struct Generator {
  uint64_t seed = 0, offset = 0;
  void* stream = nullptr;
};

#define BEGIN(generator)                                                              \
  if (const int code = emulator::begin_library_call(__func__)) {                     \
    return code;                                                                      \
  }                                                                                   \
  if (!emulator::holds_library_object(generator, Resource::CURAND_GENERATOR)) {       \
    return NOT_INITIALIZED;                                                           \
  }

/** 64 well-mixed bits of a position (SplitMix64's finaliser, Steele, Lea and Flood, OOPSLA 2014). */
uint64_t mixed(uint64_t seed, uint64_t position) {
  uint64_t z = (position + 1) * 0x9E3779B97F4A7C15ull ^ (seed * 0xD1342543DE82EF95ull + 1);
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ z >> 27) * 0x94D049BB133111EBull;
  return z ^ z >> 31;
}

double uniform(uint64_t bits) { return ((bits >> 11) + 0.5) * 0x1p-53; }

template <class T>
int normal(Generator* generator, T* target, size_t count, T mean, T deviation) {
  if (count % 2 != 0) {  // as the real library: normal numbers come in pairs
    return LENGTH_NOT_MULTIPLE;
  }
  if (!emulator::in_device_memory(target, count * sizeof(T))) {
    emulator::report("cuRAND: the target is not inside one allocation of device memory");
    return LAUNCH_FAILURE;
  }
  const uint64_t seed = generator->seed, first = generator->offset;
  generator->offset += count;
  const int result = emulator::enqueue_library_work(generator->stream, "normal numbers", [=] {
    if (!emulator::in_device_memory(target, count * sizeof(T))) {
      return static_cast<int>(emulator::ILLEGAL_ADDRESS);
    }
    for (size_t i = 0; i < count; i += 2) {
      const double radius = std::sqrt(-2 * std::log(uniform(mixed(seed, first + i))));
      const double angle = 6.283185307179586477 * uniform(mixed(seed, first + i + 1));
      target[i] = static_cast<T>(mean + deviation * radius * std::cos(angle));
      target[i + 1] = static_cast<T>(mean + deviation * radius * std::sin(angle));
    }
    return static_cast<int>(emulator::SUCCESS);
  });
  return result == emulator::SUCCESS ? SUCCESS : LAUNCH_FAILURE;
}

}  // namespace

/** For the generated stubs. */
extern "C" int emulator_unsupported(const char* name) {
  return emulator::answer_unsupported(name, INTERNAL_ERROR);
}

CURAND_API curandCreateGenerator(Generator** generator, int type) {
  if (const int code = emulator::begin_library_call(__func__)) {
    return code;
  }
  if (type != PSEUDO_PHILOX4_32_10) {
    return TYPE_ERROR;
  }
  auto created = std::make_unique<Generator>();
  if (!emulator::add_library_object(created.get(), Resource::CURAND_GENERATOR)) {
    return NOT_INITIALIZED;
  }
  *generator = created.release();
  return SUCCESS;
}

CURAND_API curandDestroyGenerator(Generator* generator) {
  BEGIN(generator)
  emulator::remove_library_object(generator);
  delete generator;
  return SUCCESS;
}

CURAND_API curandSetStream(Generator* generator, void* stream) {
  BEGIN(generator)
  generator->stream = stream;
  return SUCCESS;
}

CURAND_API curandSetPseudoRandomGeneratorSeed(Generator* generator, unsigned long long seed) {
  BEGIN(generator)
  generator->seed = seed;
  generator->offset = 0;
  return SUCCESS;
}

CURAND_API curandSetGeneratorOffset(Generator* generator, unsigned long long offset) {
  BEGIN(generator)
  generator->offset = offset;
  return SUCCESS;
}

CURAND_API curandGenerateNormal(
    Generator* generator, float* target, size_t count, float mean, float deviation) {
  BEGIN(generator)
  return normal<float>(generator, target, count, mean, deviation);
}

CURAND_API curandGenerateNormalDouble(
    Generator* generator, double* target, size_t count, double mean, double deviation) {
  BEGIN(generator)
  return normal<double>(generator, target, count, mean, deviation);
}

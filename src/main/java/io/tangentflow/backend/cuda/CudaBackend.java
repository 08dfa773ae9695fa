package io.tangentflow.backend.cuda;

import static io.tangentflow.backend.cuda.Driver.check;

import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.backend.AdamStep;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendOptions.GaussianSource;
import io.tangentflow.backend.DotProductSeries;
import io.tangentflow.backend.Ensemble;
import io.tangentflow.backend.Matrix;
import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Releases;
import io.tangentflow.backend.Roofline;
import io.tangentflow.backend.Shapes;
import io.tangentflow.backend.Term;
import io.tangentflow.backend.Transpose;
import io.tangentflow.backend.TwoTimeEquations;
import io.tangentflow.backend.Workspace;
import io.tangentflow.model.Activation;
import io.tangentflow.model.DenseMatrix;
import io.tangentflow.model.StandardActivation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import jcuda.Pointer;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.JCudaDriver;

/**
 * The CUDA backend: products by cuBLAS, every other operation one launch of a kernel of {@code
 * cuda-kernels}. Operations are enqueued and return at once; downloads, sums and checks wait. A
 * fault on the device shows as a {@link io.tangentflow.TangentFlowException.CudaFailure} of a later
 * call. Works in the device's primary context; all that it allocates is given back when it closes,
 * or when opening it fails.
 */
final class CudaBackend implements Backend {

  /** Threads of a block of an elementwise kernel, as their launch bounds say. */
  private static final int BLOCK = 256;

  /** Warps of a block, each of which takes a column at a time where columns are summed. */
  private static final int WARPS = BLOCK / 32;

  /** Blocks that fill a multiprocessor, twice, so that the last ones even out. */
  private static final int BLOCKS_PER_MULTIPROCESSOR = 16;

  /** Entries for each thread, so that a vector load has neighbours to overlap with. */
  private static final int ENTRIES_PER_THREAD = 8;

  /** Blocks of a sum's first stage: its partial sums are added by one block. */
  private static final int SUM_BLOCKS = 512;

  /** Dynamic shared memory that a kernel has without asking for it. */
  private static final int SHARED_BYTES_UNASKED = 48 << 10;

  /** Fewer repetitions are not worth the recording. */
  private static final int FEWEST_REPLAYS = 4;

  private final CudaDevice device;
  private final BackendOptions options;
  private final Releases releases = new Releases();
  private final CUcontext context = new CUcontext();
  private Streams streams;
  private Transfers transfers;
  private Kernels kernels;
  private Products products;
  private RandomFill random;
  private Launch launch;
  private DeviceMemory answers;
  private final Pointer answerOnHost = new Pointer();

  /** Opens the device: context, streams, kernels, cuBLAS and, if asked for, cuRAND. */
  CudaBackend(CudaDevice device, BackendOptions options) {
    this.device = device;
    this.options = options;
    try {
      open();
    } catch (RuntimeException | Error e) {
      try {
        releases.close();
      } catch (RuntimeException | Error release) {
        e.addSuppressed(release);
      }
      throw e;
    }
  }

  private void open() {
    CUdevice handle = device.handle();
    check(JCudaDriver.cuDevicePrimaryCtxRetain(context, handle), "cuDevicePrimaryCtxRetain");
    releases.add(
        () -> check(JCudaDriver.cuDevicePrimaryCtxRelease(handle), "cuDevicePrimaryCtxRelease"));
    bind();
    streams = new Streams(releases);
    kernels = new Kernels(releases);
    products = new Products(streams, device, releases);
    transfers = new Transfers(streams, releases);
    launch = new Launch(streams);
    answers = new DeviceMemory((SUM_BLOCKS + 1L) * Double.BYTES);
    releases.add(answers::free);
    check(JCudaDriver.cuMemAllocHost(answerOnHost, Long.BYTES), "cuMemAllocHost");
    releases.add(() -> check(JCudaDriver.cuMemFreeHost(answerOnHost), "cuMemFreeHost"));
    if (options.gaussians() == GaussianSource.CURAND) {
      random = new RandomFill(streams, releases);
    }
  }

  /** Makes the context current in the calling thread, where another backend may have been. */
  private void bind() {
    check(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
  }

  @Override
  public String name() {
    return device.ordinal() == 0 ? CudaProvider.NAME : CudaProvider.NAME + ":" + device.ordinal();
  }

  @Override
  public Precision precision() {
    return options.precision();
  }

  @Override
  public String description() {
    int version = products.version();
    return String.format(
        "%s, %s, cuBLAS %d.%d.%d, kernels from %s%s",
        precision(),
        device,
        version / 10_000,
        version / 100 % 100,
        version % 100,
        kernels.image(),
        random == null ? "" : ", normal numbers by cuRAND");
  }

  @Override
  public long availableBytes() {
    bind();
    long[] free = new long[1];
    long[] total = new long[1];
    check(JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
    return free[0];
  }

  @Override
  public Optional<Roofline> roofline() {
    return device.roofline();
  }

  @Override
  public boolean emulated() {
    return device.emulated();
  }

  @Override
  public boolean sharesHostMemory() {
    return false;
  }

  @Override
  public Matrix allocate(int rows, int columns, Precision precision) {
    bind();
    DeviceMemory memory = new DeviceMemory((long) rows * columns * precision.bytes());
    try {
      transfers.clear(memory);
    } catch (RuntimeException | Error e) {
      streams.drain(); // The fill may be under way.
      memory.free();
      throw e;
    }
    return CudaMatrix.whole(memory, rows, columns, precision);
  }

  @Override
  public void free(Matrix matrix) {
    DeviceMemory memory = cuda(matrix).memory();
    try {
      bind();
      streams.await(memory);
    } catch (RuntimeException | Error e) {
      streams.drain();
      throw e;
    } finally {
      memory.free();
    }
  }

  @Override
  public void upload(DenseMatrix source, Matrix target) {
    Shapes.require(target, source.rows(), source.columns());
    copy(() -> transfers.upload(source, cuda(target)));
  }

  /** Copies; where one fails, others may be under way to memory that is about to be freed. */
  private void copy(Runnable copies) {
    bind();
    try {
      copies.run();
    } catch (RuntimeException | Error e) {
      streams.drain();
      throw e;
    }
  }

  @Override
  public DenseMatrix download(Matrix source) {
    DenseMatrix target = DenseMatrix.zeros(source.rows(), source.columns());
    copy(() -> transfers.download(cuda(source), target));
    return target;
  }

  @Override
  public void copy(Matrix source, Matrix target) {
    Shapes.requireSame(source, target);
    begin().size(source.rows()).size(source.columns());
    launch.strided(cuda(source)).strided(cuda(target));
    runOver(cuda(target).entries(), "copy" + between(source, target));
  }

  @Override
  public void gaussian(Matrix target, long seed, int stream, long first) {
    Shapes.requireWholeFours(first);
    CudaMatrix t = contiguous(target);
    if (random != null) {
      if (first != 0) {
        throw new InvalidConfiguration(
            "--rng",
            "curand makes a matrix in one piece, and W does not fit in memory; choose philox or more"
                + " --memory");
      }
      bind();
      random.fill(t, seed, stream);
    } else {
      gaussian(t, first, t.entries(), seed, stream, 1);
    }
  }

  /** Fills each network's {@code count} numbers from the stream of its seed, seed + b. */
  void gaussian(CudaMatrix target, long first, long count, long seed, int stream, long networks) {
    begin().size(first).size(count).size(seed).integer(stream).size(networks).matrix(target);
    runOver(count * networks, "gaussian" + Kernels.suffix(target.precision()));
  }

  @Override
  public void gemm(
      Transpose transposeA,
      Transpose transposeB,
      double alpha,
      Matrix a,
      Matrix b,
      double beta,
      Matrix c) {
    Shapes.requireProduct(transposeA, transposeB, a, b, c);
    bind();
    products.gemm(transposeA, transposeB, alpha, cuda(a), cuda(b), beta, cuda(c));
  }

  @Override
  public void syrk(Matrix a, Matrix c) {
    Shapes.require(c, a.columns(), a.columns());
    Shapes.requirePrecision(a, c);
    bind();
    products.syrkUpper(cuda(a), cuda(c));
    begin().size(c.rows()).strided(cuda(c));
    runOver(cuda(c).entries(), "symmetrise" + Kernels.suffix(c.precision()));
  }

  @Override
  public void activate(Activation phi, Matrix h, Matrix value, Matrix derivative) {
    Shapes.requireLike(h, value);
    Shapes.requireLike(h, derivative);
    begin().size(contiguous(h).entries());
    launch.matrix(cuda(h)).matrix(contiguous(value)).matrix(contiguous(derivative));
    runOver(cuda(h).entries(), kernel("activate", phi, h.precision()));
  }

  @Override
  public void stage(
      Activation phi, Matrix h, List<Term> increments, Matrix value, Matrix derivative) {
    if (increments.isEmpty()) {
      activate(phi, h, value, derivative);
    } else {
      forward("stage", phi, h, increments, value, derivative);
    }
  }

  @Override
  public void step(
      Activation phi, Matrix h, List<Term> increments, Matrix value, Matrix derivative) {
    forward("step", phi, h, increments, value, derivative);
  }

  private void forward(
      String operation,
      Activation phi,
      Matrix h,
      List<Term> increments,
      Matrix value,
      Matrix derivative) {
    Shapes.requireLike(h, value);
    Shapes.requireLike(h, derivative);
    requireTerms(increments, h);
    begin().size(contiguous(h).entries());
    launch.matrix(cuda(h)).terms(increments, h.precision());
    launch.matrix(contiguous(value)).matrix(contiguous(derivative));
    runOver(cuda(h).entries(), kernel(operation, phi, h.precision()));
  }

  @Override
  public void adjointStage(
      Matrix derivative, Matrix nu, double weight, Matrix lambda, List<Term> nus, Matrix next) {
    Shapes.requireLike(nu, lambda);
    Shapes.requireLike(nu, next);
    requireTerms(nus, nu);
    Precision precision = nu.precision();
    // nu enters with its new value, which the kernel has at hand.
    double weightOfNu = 0;
    List<Term> others = new ArrayList<>();
    for (Term term : nus) {
      if (isSame(cuda(term.matrix()), cuda(nu))) {
        weightOfNu += term.weight();
      } else {
        others.add(term);
      }
    }
    beginAdjoint(derivative, nu);
    launch.scalar(weight, precision).matrix(contiguous(lambda));
    launch.scalar(weightOfNu, precision).terms(others, precision).matrix(contiguous(next));
    runOver(cuda(derivative).entries(), "adjoint_stage" + Kernels.suffix(precision));
  }

  @Override
  public void adjointStep(
      Matrix derivative, Matrix nu, List<Term> nus, Matrix lambda, double weight, Matrix next) {
    Shapes.requireLike(nu, lambda);
    Shapes.requireLike(nu, next);
    requireTerms(nus, nu);
    Precision precision = nu.precision();
    beginAdjoint(derivative, nu);
    launch.terms(nus, precision).matrix(contiguous(lambda));
    launch.scalar(weight, precision).matrix(contiguous(next));
    runOver(cuda(derivative).entries(), "adjoint_step" + Kernels.suffix(precision));
  }

  private void beginAdjoint(Matrix derivative, Matrix nu) {
    int outputs = Shapes.outputs(derivative, nu);
    begin().size(derivative.rows()).size(derivative.columns()).integer(outputs);
    launch.matrix(contiguous(derivative)).matrix(contiguous(nu));
  }

  private static boolean isSame(CudaMatrix a, CudaMatrix b) {
    return a.memory() == b.memory() && a.offset() == b.offset();
  }

  @Override
  public void contract(Matrix p, Matrix r, Matrix k) {
    Shapes.Contraction shape = Shapes.Contraction.of(p, r, k);
    begin().size(shape.rows()).integer(shape.outputs()).size(shape.samples()).size(shape.blocks());
    launch.matrix(cuda(p)).matrix(cuda(r)).matrix(cuda(k));
    runOver(cuda(k).entries(), "contract" + Kernels.suffix(p.precision()));
  }

  @Override
  public void dotProductKernel(Matrix rho, DotProductSeries series, Matrix result) {
    series.requireFits(rho, result);
    begin().size(rho.rows()).size(rho.columns()).strided(cuda(rho));
    launch.integer(series.argument().branches()).integer(series.rank()).integer(series.terms());
    launch.matrix(cuda(series.left())).matrix(cuda(series.right())).strided(cuda(result));
    runOver(cuda(rho).entries(), "dot_product_kernel" + Kernels.suffix(rho.precision()));
  }

  @Override
  public void twoTimeKernels(TwoTimeEquations equations, Matrix result, Workspace scratch) {
    equations.requireFits(result);
    bind();
    new TwoTimeLaunch(this).run(equations, contiguous(result), scratch);
  }

  @Override
  public void ensemble(Ensemble ensemble, Matrix inputs, Matrix outputs, Workspace scratch) {
    ensemble.requireFits(inputs, outputs);
    bind();
    new EnsembleLaunch(this, ensemble, contiguous(inputs), contiguous(outputs)).run(scratch);
  }

  @Override
  public void addScaled(double weight, Matrix source, Matrix target) {
    Shapes.requireSame(source, target);
    begin().size(source.rows()).size(source.columns()).scalar(weight, Precision.FP64);
    launch.strided(cuda(source)).strided(cuda(target));
    runOver(cuda(target).entries(), "add_scaled" + between(source, target));
  }

  @Override
  public double dot(Matrix a, Matrix b) {
    Shapes.requireLike(a, b);
    CudaMatrix left = cuda(a);
    if (left.entries() == 0) {
      return 0;
    }
    int blocks = (int) Math.min(SUM_BLOCKS, blocks(left.entries()));
    begin().size(a.rows()).size(a.columns()).strided(left).strided(cuda(b)).matrix(sums());
    run("dot" + Kernels.suffix(a.precision()), blocks, BLOCK, 0);
    return total(blocks);
  }

  /** Where the blocks of a sum's first stage leave their parts, and the total behind them. */
  private CudaMatrix sums() {
    return CudaMatrix.whole(answers, SUM_BLOCKS + 1, 1, Precision.FP64);
  }

  /** The sum of the parts that so many blocks have left. */
  private double total(int blocks) {
    CudaMatrix total = (CudaMatrix) sums().rowRange(SUM_BLOCKS, 1);
    begin().size(blocks).matrix(sums()).matrix(total);
    run("sum_f64", 1, BLOCK, 0);
    return answer(total).getDouble(0);
  }

  @Override
  public double softmaxCrossEntropy(Matrix logits, Matrix targets, Matrix cotangents) {
    Shapes.requireLike(logits, targets);
    Shapes.requireLike(logits, cotangents);
    CudaMatrix f = contiguous(logits);
    CudaMatrix t = contiguous(targets);
    CudaMatrix g = contiguous(cotangents);
    if (f.entries() == 0) {
      return 0;
    }
    int blocks = Math.min(SUM_BLOCKS, (f.columns() - 1) / WARPS + 1);
    begin().size(f.rows()).size(f.columns()).matrix(f).matrix(t).matrix(g).matrix(sums());
    run("softmax_cross_entropy" + Kernels.suffix(f.precision()), blocks, BLOCK, 0);
    return total(blocks);
  }

  @Override
  public void adam(
      AdamStep step, Matrix gradient, Matrix firstMoment, Matrix secondMoment, Matrix parameter) {
    step.requireFits(gradient, firstMoment, secondMoment, parameter);
    Precision precision = gradient.precision();
    CudaMatrix g = cuda(gradient);
    begin().size(g.entries());
    launch.scalar(step.beta1(), precision).scalar(1 - step.beta1(), precision);
    launch.scalar(step.beta2(), precision).scalar(1 - step.beta2(), precision);
    launch.scalar(step.rate(), precision).scalar(step.rootScale(), precision);
    launch.scalar(step.epsilon(), precision);
    launch.matrix(g).matrix(cuda(firstMoment)).matrix(cuda(secondMoment)).matrix(cuda(parameter));
    runOver(g.entries(), "adam" + Kernels.suffix(precision));
  }

  @Override
  public OptionalLong firstNonFinite(Matrix matrix) {
    CudaMatrix m = cuda(matrix);
    if (m.entries() == 0) {
      return OptionalLong.empty();
    }
    CudaMatrix found = CudaMatrix.whole(answers, 1, 1, Precision.FP64);
    begin().size(m.rows()).size(m.columns()).strided(m).matrix(found);
    check(
        JCudaDriver.cuMemsetD8Async(
            found.pointer(0, 0), (byte) 0xFF, Long.BYTES, streams.compute()),
        "cuMemsetD8Async");
    runOver(m.entries(), "first_non_finite" + Kernels.suffix(m.precision()));
    long first = answer(found).getLong(0);
    return first == -1 ? OptionalLong.empty() : OptionalLong.of(first);
  }

  /** Eight bytes of the device, once all kernels before have run. */
  private ByteBuffer answer(CudaMatrix at) {
    check(
        JCudaDriver.cuMemcpyDtoHAsync(
            answerOnHost, at.pointer(0, 0), Long.BYTES, streams.compute()),
        "cuMemcpyDtoHAsync");
    streams.awaitCompute();
    return answerOnHost.getByteBuffer(0, Long.BYTES).order(ByteOrder.nativeOrder());
  }

  /**
   * The first time, what is made on first use is made; then the operations are recorded as a CUDA
   * graph and replayed, so that a step costs one launch.
   */
  @Override
  public void repeat(int times, Runnable step) {
    bind();
    if (times < FEWEST_REPLAYS || streams.recording()) {
      Backend.super.repeat(times, step);
    } else {
      step.run();
      streams.replay(times - 1, step);
    }
  }

  @Override
  public void close() {
    try {
      bind();
    } finally {
      releases.close();
    }
  }

  CudaDevice device() {
    return device;
  }

  /** Whole numbers in device memory of the scope, as 32 bits each. */
  CudaMatrix place(int[] numbers, Workspace scope) {
    CudaMatrix target = cuda(scope.allocate(numbers.length, 1, Precision.FP32));
    copy(() -> transfers.uploadBits(numbers, target));
    return target;
  }

  Products products() {
    return products;
  }

  /** Begins the arguments of the next launch. */
  Launch begin() {
    bind();
    return launch.begin();
  }

  /** Launches an elementwise kernel over that many entries. */
  void runOver(long entries, String name) {
    if (entries > 0) {
      run(name, (int) blocks(entries), BLOCK, 0);
    }
  }

  private long blocks(long entries) {
    long perBlock = (long) BLOCK * ENTRIES_PER_THREAD;
    return Math.min(
        (entries - 1) / perBlock + 1, (long) BLOCKS_PER_MULTIPROCESSOR * device.multiprocessors());
  }

  void run(String name, int blocks, int threads, int sharedBytes) {
    launch.run(function(name, sharedBytes), name, blocks, threads, sharedBytes);
  }

  /** The kernel, allowed that much dynamic shared memory. */
  private CUfunction function(String name, int sharedBytes) {
    CUfunction function = kernels.function(name);
    if (sharedBytes > SHARED_BYTES_UNASKED) {
      check(
          JCudaDriver.cuFuncSetAttribute(
              function,
              CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
              sharedBytes),
          "cuFuncSetAttribute " + name);
    }
    return function;
  }

  /** Blocks of that kernel that the device runs at a time, at least one. */
  int residentBlocks(String name, int threads, int sharedBytes) {
    CUfunction function = function(name, sharedBytes);
    int[] perMultiprocessor = new int[1];
    check(
        JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
            perMultiprocessor, function, threads, sharedBytes),
        "cuOccupancyMaxActiveBlocksPerMultiprocessor");
    return Math.max(1, perMultiprocessor[0]) * device.multiprocessors();
  }

  /** The kernel of an operation with that activation. */
  static String kernel(String operation, Activation phi, Precision precision) {
    if (!(phi instanceof StandardActivation standard)) {
      throw new InvalidConfiguration(
          "--activation",
          phi.label() + " has no CUDA kernel; use a CPU backend, or add one to cuda-kernels");
    }
    return operation + "_" + standard.label() + Kernels.suffix(precision);
  }

  private static String between(Matrix source, Matrix target) {
    return Kernels.suffix(source.precision()) + Kernels.suffix(target.precision());
  }

  private static void requireTerms(List<Term> terms, Matrix like) {
    for (Term term : terms) {
      Shapes.requireLike(like, term.matrix());
      Shapes.requireContiguous(term.matrix());
    }
  }

  private static CudaMatrix cuda(Matrix matrix) {
    return (CudaMatrix) matrix;
  }

  private static CudaMatrix contiguous(Matrix matrix) {
    Shapes.requireContiguous(matrix);
    return cuda(matrix);
  }
}

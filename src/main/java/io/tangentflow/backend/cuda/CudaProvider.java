package io.tangentflow.backend.cuda;

import io.tangentflow.TangentFlowException.BackendUnavailable;
import io.tangentflow.TangentFlowException.CudaFailure;
import io.tangentflow.TangentFlowException.InvalidConfiguration;
import io.tangentflow.TangentFlowException.OutOfMemory;
import io.tangentflow.backend.Backend;
import io.tangentflow.backend.BackendOptions;
import io.tangentflow.backend.BackendProvider;
import io.tangentflow.backend.Precision;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** NVIDIA GPUs: {@code cuda} is the first device, {@code cuda:1} the second. */
public final class CudaProvider implements BackendProvider {

  static final String NAME = "cuda";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public int rank() {
    return 100;
  }

  @Override
  public boolean hasDevices() {
    return true;
  }

  @Override
  public Usability probe() {
    Optional<String> refusal = CudaLibraries.driverRefusal().or(CudaProvider::initialise);
    if (refusal.isPresent()) {
      return new Usability(false, refusal.get());
    }
    List<CudaDevice> devices;
    try {
      devices = CudaDevice.all();
    } catch (CudaFailure | OutOfMemory e) {
      return new Usability(false, "the driver does not describe its devices: " + e.getMessage());
    }
    if (devices.isEmpty()) {
      return new Usability(false, "the NVIDIA driver is there but finds no CUDA device");
    }
    String described =
        devices.stream()
            .map(device -> "cuda:" + device.ordinal() + " is " + device)
            .collect(Collectors.joining("; "));
    if (devices.stream().noneMatch(CudaDevice::supported)) {
      return new Usability(
          false, described + "; the kernels need compute capability 7.5 (Turing) or later");
    }
    if (CudaLibraries.cublasRefusal().isPresent()) {
      return new Usability(false, described + "; " + CudaLibraries.cublasRefusal().get());
    }
    return new Usability(
        true,
        described
            + ", driver for CUDA "
            + driverVersion()
            + CudaLibraries.curandRefusal()
                .map(why -> "; --rng curand is refused: " + why)
                .orElse(""));
  }

  @Override
  public Backend open(BackendOptions options) {
    List<CudaDevice> devices = CudaDevice.all();
    if (options.device() >= devices.size()) {
      throw new InvalidConfiguration(
          "--backend",
          String.format(
              "there is no device cuda:%d; the last is cuda:%d",
              options.device(), devices.size() - 1));
    }
    CudaDevice device = devices.get(options.device());
    if (!device.supported()) {
      throw new BackendUnavailable(
          NAME + ":" + options.device(),
          List.of(device + " is too old: the kernels need compute capability 7.5 or later"));
    }
    if (options.precision() == Precision.TF32 && !device.tensorFloat()) {
      throw new InvalidConfiguration(
          "--precision", device + " does not compute in tf32; use fp32 or fp64");
    }
    return new CudaBackend(device, options);
  }

  /** Initialises the driver; says why it could not. */
  private static Optional<String> initialise() {
    int answer = JCudaDriver.cuInit(0);
    return switch (answer) {
      case CUresult.CUDA_SUCCESS -> Optional.empty();
      case CUresult.CUDA_ERROR_NO_DEVICE ->
          Optional.of("the NVIDIA driver is there but finds no CUDA device");
      default ->
          Optional.of(
              "the NVIDIA driver cannot be initialised: cuInit answered "
                  + Driver.name(answer)
                  + " ("
                  + answer
                  + ")");
    };
  }

  private static String driverVersion() {
    int[] version = new int[1];
    Driver.check(JCudaDriver.cuDriverGetVersion(version), "cuDriverGetVersion");
    return version[0] / 1000 + "." + version[0] % 1000 / 10;
  }
}

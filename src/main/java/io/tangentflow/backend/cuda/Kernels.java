package io.tangentflow.backend.cuda;

import static io.tangentflow.backend.cuda.Driver.check;

import io.tangentflow.backend.Precision;
import io.tangentflow.backend.Releases;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * The kernels of this program, loaded into the current context: machine code for the device where
 * the fatbin has it, else PTX that the driver compiles.
 */
final class Kernels {

  private static final System.Logger LOG = System.getLogger(Kernels.class.getName());

  /** What drivers answer to machine code that is not for their device, or newer than they are. */
  private static final Set<Integer> UNREADABLE =
      Set.of(
          CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU,
          CUresult.CUDA_ERROR_INVALID_IMAGE,
          CUresult.CUDA_ERROR_INVALID_SOURCE,
          CUresult.CUDA_ERROR_INVALID_PTX,
          CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION);

  private final CUmodule module = new CUmodule();
  private final Map<String, CUfunction> functions = new HashMap<>();
  private final String image;

  Kernels(Releases releases) {
    int answer = JCudaDriver.cuModuleLoadData(module, resource("kernels.fatbin"));
    if (UNREADABLE.contains(answer)) {
      LOG.log(
          System.Logger.Level.INFO,
          "no machine code for this device and driver in the kernel image ("
              + Driver.name(answer)
              + "); the driver compiles its PTX");
      byte[] ptx = resource("kernels.ptx");
      check(
          JCudaDriver.cuModuleLoadData(module, Arrays.copyOf(ptx, ptx.length + 1)),
          "cuModuleLoadData of the PTX");
      image = "PTX";
    } else {
      check(answer, "cuModuleLoadData of the fatbin");
      image = "fatbin";
    }
    releases.add(() -> check(JCudaDriver.cuModuleUnload(module), "cuModuleUnload"));
  }

  /** What the kernels were loaded from: "fatbin" or "PTX". */
  String image() {
    return image;
  }

  /** The kernel of that name, looked up once. */
  CUfunction function(String name) {
    return functions.computeIfAbsent(
        name,
        key -> {
          CUfunction function = new CUfunction();
          check(
              JCudaDriver.cuModuleGetFunction(function, module, key), "cuModuleGetFunction " + key);
          return function;
        });
  }

  /** The suffix of kernels on that scalar type. */
  static String suffix(Precision precision) {
    return precision.single() ? "_f32" : "_f64";
  }

  private static byte[] resource(String name) {
    try (InputStream in = Kernels.class.getResourceAsStream("kernels/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

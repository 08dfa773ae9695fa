#!/bin/sh
# build.sh OUT KERNELS NATIVES: builds the emulation into OUT, with g++ and the binutils that come with it.
# KERNELS: the directory of the product's .cu files. NATIVES: the directory of JCuda's JNI libraries, whose
# imports tell which functions must exist. Without g++ OUT/UNAVAILABLE says so and the tests that need the
# emulation are skipped; with CI=true the build fails instead.
set -eu
out=$1
kernels=$(cd "$2" && pwd)
natives=$(cd "$3" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
cxx=${CXX:-g++}
mkdir -p "$out"
out=$(cd "$out" && pwd)

if ! command -v "$cxx" >/dev/null 2>&1; then
  echo "there is no $cxx, so the CUDA emulation is not built" | tee "$out/UNAVAILABLE"
  if [ "${CI:-}" = true ]; then
    echo "and with CI=true that is a failure" >&2
    exit 1
  fi
  exit 0
fi
rm -f "$out/UNAVAILABLE"
if [ -f "$out/built" ] &&
  [ -z "$(find "$here" "$kernels" "$natives" -newer "$out/built" -type f | head -n 1)" ]; then
  exit 0
fi
rm -rf "$out"
mkdir -p "$out/objects"

common="-std=c++20 -g1 -fPIC -fvisibility=hidden -Wall -Wextra -I$here"
# Products that are to be contracted say fma, as for nvcc; static shared memory is thread-local.
kernel_flags="-std=c++20 -O1 -g1 -fPIC -fvisibility=hidden -ffp-contract=off -fno-extern-tls-init
  -Wno-unknown-pragmas -Wno-psabi -include $here/cuda_on_cpu.h -I$here -I$kernels
  -fsanitize=thread --param tsan-instrument-func-entry-exit=0
  -fsanitize=alignment -fno-sanitize-recover=alignment"

# 1. Each .cu with the table of its entry points, whose names only the preprocessor knows.
list_entries() {
  "$cxx" -std=c++20 -E -P -DEMULATOR_LIST_KERNELS -include "$here/cuda_on_cpu.h" -I"$kernels" \
    -x c++ "$1" | tr '\n' ' ' |
    grep -oE '__emulated_kernel__ +void +(__emulated_bounds__\([^)]*\) +)?[A-Za-z_0-9]+' |
    sed -E 's/__emulated_kernel__ +void +//; s/__emulated_bounds__\( *([0-9]+)[^)]*\) +/\1 /' |
    awk 'NF == 2 { print $2, $1 } NF == 1 { print $1, 1024 }'
}
for source in "$kernels"/*.cu "$here"/kernels/*.cu; do
  name=$(basename "$source" .cu)
  {
    echo "#include \"$source\""
    echo '#include "kernel_table.h"'
    echo 'static const emulator::KernelEntry entries[] = {'
    list_entries "$source" | while read -r entry bound; do
      echo "    emulator::Entry<&$entry>::named(\"$entry\", $bound),"
    done
    echo '};'
    echo 'static const emulator::Registration registration(entries);'
  } >"$out/objects/$name.kernel.cpp"
done
cat >"$out/objects/dynamic_shared.cpp" <<'CPP'
#include <cstddef>
// The block's dynamic shared memory; kernels declare it as an array of a vector type.
constexpr size_t CAPACITY = 163 << 10;
alignas(16) thread_local unsigned char dynamic_shared[CAPACITY];
struct DynamicShared { void* address; size_t capacity; };
extern "C" __attribute__((visibility("default"))) DynamicShared
emulated_dynamic_shared_of_this_thread() { return {dynamic_shared, CAPACITY}; }
CPP
printf '%s\n' "$out"/objects/*.kernel.cpp | xargs -P "$(nproc)" -I{} \
  sh -c "$cxx $(echo $kernel_flags) -c {} -o {}.o"

# 2. The driver's side. Symbols that nothing stands in for answer "not supported" and name themselves.
for source in contexts control graphs kernel_library launch memory memory_checks modules streams transfers \
  cublas curand; do
  echo "$here/$source.cpp"
done | xargs -P "$(nproc)" -I{} \
  sh -c "$cxx $common -O2 -c {} -o $out/objects/\$(basename {}).o"
stubs() { # JNI library, prefix, defined in
  nm -D --undefined-only "$1" | awk '{ print $2 }' | sed 's/@.*//' | grep -E "$2" | sort -u >"$3.needed"
  nm --defined-only $3 | awk '{ print $3 }' | sort -u >"$3.defined"
  echo 'extern "C" int emulator_unsupported(const char*);'
  comm -23 "$3.needed" "$3.defined" | while read -r symbol; do
    echo "extern \"C\" __attribute__((visibility(\"default\"))) int $symbol() {"
    echo "  return emulator_unsupported(\"$symbol\");"
    echo '}'
  done
}
link() { # soname, objects...
  soname=$1
  shift
  "$cxx" -shared -o "$out/$soname" "$@" -Wl,-soname,"$soname" -Wl,-z,defs -Wl,-rpath,'$ORIGIN'
}
driver="contexts control graphs kernel_library launch memory memory_checks modules streams transfers"
objects=$(for source in $driver; do echo "$out/objects/$source.cpp.o"; done)
# shellcheck disable=SC2086 # a list of files without blanks
"$cxx" -r -nostdlib -o "$out/objects/driver.o" $objects
stubs "$natives"/libJCudaDriver-*.so '^cu[A-Z]' "$out/objects/driver.o" >"$out/objects/driver_stubs.cpp"
stubs "$natives"/libJCublas2-*.so '^cublas' "$out/objects/cublas.cpp.o" >"$out/objects/cublas_stubs.cpp"
stubs "$natives"/libJCurand-*.so '^curand' "$out/objects/curand.cpp.o" >"$out/objects/curand_stubs.cpp"
for library in driver cublas curand; do
  "$cxx" $common -O1 -c "$out/objects/${library}_stubs.cpp" -o "$out/objects/${library}_stubs.o"
done
"$cxx" $common -O2 -c "$out/objects/dynamic_shared.cpp" -o "$out/objects/dynamic_shared.o"
# JCuda's libraries ask for versioned symbols of these two.
echo 'libcublas.so.12 { global: cublas*; local: *; };' >"$out/objects/cublas.map"
echo 'libcurand.so.10 { global: curand*; local: *; };' >"$out/objects/curand.map"
link libcuda.so.1 "$out/objects/driver.o" "$out/objects/driver_stubs.o" -ldl
link libcublas.so.12 "$out/objects/cublas.cpp.o" "$out/objects/cublas_stubs.o" "$out/libcuda.so.1" \
  -Wl,--version-script="$out/objects/cublas.map"
link libcurand.so.10 "$out/objects/curand.cpp.o" "$out/objects/curand_stubs.o" "$out/libcuda.so.1" \
  -Wl,--version-script="$out/objects/curand.map"
link libemulated_kernels.so "$out"/objects/*.kernel.cpp.o "$out/objects/dynamic_shared.o" \
  "$out/libcuda.so.1"
touch "$out/built"

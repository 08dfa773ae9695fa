#!/bin/sh
# build.sh OUT JAVA_HOME: builds the disk that fails into OUT, with g++ and that JDK's jni.h. Without g++
# OUT/UNAVAILABLE says so and the tests that need it are skipped; with CI=true the build fails instead.
set -eu
out=$1
java_home=$2
here=$(cd "$(dirname "$0")" && pwd)
cxx=${CXX:-g++}
mkdir -p "$out"

if ! command -v "$cxx" >/dev/null 2>&1; then
  echo "there is no $cxx, so the disk that fails is not built" | tee "$out/UNAVAILABLE"
  if [ "${CI:-}" = true ]; then
    echo "and with CI=true that is a failure" >&2
    exit 1
  fi
  exit 0
fi
rm -f "$out/UNAVAILABLE"
library=$out/libfaulty_disk.so
if [ -f "$library" ] && [ -z "$(find "$here" -newer "$library" -type f | head -n 1)" ]; then
  exit 0
fi
"$cxx" -std=c++20 -O1 -g1 -fPIC -fvisibility=hidden -Wall -Wextra -Werror \
  -I"$java_home/include" -I"$java_home/include/linux" \
  -shared -o "$library.new" "$here/faulty_disk.cpp" -Wl,-z,defs
mv "$library.new" "$library"

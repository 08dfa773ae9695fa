// A disk that fails. Preloaded into a JVM, this library stands before the functions of libc by which one
// changes and reads files. Below one directory, the disk, it counts those calls and lets the one that the
// test asks for fail; all others, and all of other files, are libc's. It also remembers what of the disk
// was synced, and takes the rest away where the test asks for a power cut.
//
// What is synced: a file's bytes at its last fsync or fdatasync, and a directory's names at its own.
// That is the least that POSIX promises; many file systems keep more. Files changed through mmap are not
// seen. The disk below is not waited for: what it keeps is not asked.

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <jni.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

// The function of libc that one here stands before.
#define REAL(name) static const auto real = reinterpret_cast<decltype(&::name)>(dlsym(RTLD_NEXT, #name))

namespace {

// As in FaultyDisk.java.
enum Fault { NONE, NO_SPACE, IO_ERROR, FULL, DEAD, UNREADABLE };
enum Loss { TAILS, TAILS_AS_ZEROS, NAMES };

// What is on the platter: of a file its bytes, of a directory its names.
struct Node {
  bool directory;
  std::string bytes;
  std::map<std::string, ino_t> names;
  int pin;  // Held open, so that no other file gets the same number.
};

std::mutex mutex;
std::atomic<bool> watching{false};
std::string root;
ino_t root_number;
Fault fault = NONE;
long at;
long changes;
long reads;
bool struck;
std::string log_lines;
std::map<ino_t, Node> platter;

// ---- Files, by system calls: what stands before libc's functions is not for this library itself.

int raw_open(const std::string& path, int flags, int mode = 0) {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path.c_str(), flags | O_CLOEXEC, mode));
}

std::string content(const std::string& path) {
  std::string bytes;
  int file = raw_open(path, O_RDONLY);
  char block[1 << 16];
  for (long count; file >= 0 && (count = syscall(SYS_read, file, block, sizeof block)) > 0;) {
    bytes.append(block, count);
  }
  close(file);
  return bytes;
}

void put(const std::string& path, const std::string& bytes) {
  int file = raw_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || syscall(SYS_write, file, bytes.data(), bytes.size()) != static_cast<long>(bytes.size())) {
    perror(("faulty disk: cannot restore " + path).c_str());
    abort();
  }
  close(file);
}

std::vector<std::string> names_in(const std::string& directory) {
  REAL(readdir64);
  std::vector<std::string> names;
  DIR* open = opendir(directory.c_str());
  for (dirent64* entry; open != nullptr && (entry = real(open)) != nullptr;) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") {
      names.push_back(name);
    }
  }
  if (open != nullptr) {
    closedir(open);
  }
  return names;
}

// The path of a call's argument, resolved as the call resolves it; symbolic links are not.
std::string absolute(int directory, const char* path) {
  if (path[0] == '/') {
    return path;
  }
  std::string link =
      directory == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/" + std::to_string(directory);
  char buffer[4096];
  ssize_t length = readlink(link.c_str(), buffer, sizeof buffer);
  return length < 0 ? "" : std::string(buffer, length) + "/" + path;
}

std::string path_of(int file) {
  char buffer[4096];
  ssize_t length =
      readlink(("/proc/self/fd/" + std::to_string(file)).c_str(), buffer, sizeof buffer);
  return length < 0 ? "" : std::string(buffer, length);
}

bool on_disk(const std::string& path) {
  return path.compare(0, root.size(), root) == 0 &&
         (path.size() == root.size() || path[root.size()] == '/');
}

// ---- What is synced.

// A file or directory of which nothing is on the platter yet.
Node& node_of(const std::string& path, const struct stat& status) {
  auto [place, fresh] = platter.try_emplace(status.st_ino);
  if (fresh) {
    place->second.directory = S_ISDIR(status.st_mode);
    place->second.pin = raw_open(path, O_PATH);
  }
  return place->second;
}

void note(const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) == 0) {
    node_of(path, status);
  }
}

void synced(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    return;
  }
  Node& node = node_of(path, status);
  if (!node.directory) {
    node.bytes = content(path);
    return;
  }
  std::map<std::string, ino_t> names;
  for (const std::string& name : names_in(path)) {
    struct stat entry;
    if (lstat((path + "/" + name).c_str(), &entry) == 0) {
      node_of(path + "/" + name, entry);
      names[name] = entry.st_ino;
    }
  }
  platter[status.st_ino].names = names;
}

void synced_with_all_below(const std::string& path) {
  synced(path);
  struct stat status;
  if (lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
    for (const std::string& name : names_in(path)) {
      synced_with_all_below(path + "/" + name);
    }
  }
}

void lose_bytes(const std::string& path, bool zeros) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) {
    return;
  }
  if (S_ISDIR(status.st_mode)) {
    for (const std::string& name : names_in(path)) {
      lose_bytes(path + "/" + name, zeros);
    }
    return;
  }
  std::string bytes = platter[status.st_ino].bytes;
  if (zeros && bytes.size() < static_cast<size_t>(status.st_size)) {
    bytes.resize(status.st_size, '\0');
  }
  if (bytes != content(path)) {
    put(path, bytes);
  }
}

void empty(const std::string& directory) {
  for (const std::string& name : names_in(directory)) {
    std::string path = directory + "/" + name;
    struct stat status;
    if (lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
      empty(path);
      syscall(SYS_unlinkat, AT_FDCWD, path.c_str(), AT_REMOVEDIR);
    } else {
      syscall(SYS_unlinkat, AT_FDCWD, path.c_str(), 0);
    }
  }
}

void restore(const std::string& path, ino_t directory) {
  for (const auto& [name, number] : platter[directory].names) {
    std::string below = path + "/" + name;
    if (platter[number].directory) {
      syscall(SYS_mkdirat, AT_FDCWD, below.c_str(), 0755);
      restore(below, number);
    } else {
      put(below, platter[number].bytes);
    }
  }
}

void forget() {
  for (auto& [number, node] : platter) {
    close(node.pin);
  }
  platter.clear();
}

// ---- Faults.

// Whether a call needs room on the disk.
bool grows(const std::string& kind) {
  return kind == "create" || kind == "write" || kind == "link" || kind == "mkdir";
}

// Counts a change; the error that it is to have, or 0.
int change_error(const std::string& kind, const std::string& path, bool& half) {
  changes++;
  log_lines += kind + " " + (path == root ? "" : path.substr(root.size() + 1)) + "\n";
  bool now = changes == at;
  struck = struck || (now && fault != NONE && fault != UNREADABLE);
  switch (fault) {
    case NO_SPACE:
      return now ? ENOSPC : 0;
    case IO_ERROR:
      return now ? EIO : 0;
    case FULL:
      half = now && kind == "write";
      return (now && !half) || (changes > at && grows(kind)) ? ENOSPC : 0;
    case DEAD:
      return changes >= at ? EIO : 0;
    default:
      return 0;
  }
}

template <class Call>
auto change(const std::string& path, const char* kind, Call call) -> decltype(call()) {
  if (!watching || !on_disk(path)) {
    return call();
  }
  std::lock_guard lock(mutex);
  bool half = false;
  if (int error = change_error(kind, path, half)) {
    errno = error;
    return -1;
  }
  return call();
}

// A call that writes as many bytes as it is told, at most its count.
template <class Call>
ssize_t writing(int file, size_t count, Call call) {
  std::string path = watching ? path_of(file) : "";
  if (path.empty() || !on_disk(path)) {
    return call(count);
  }
  std::lock_guard lock(mutex);
  bool half = false;
  if (int error = change_error("write", path, half)) {
    errno = error;
    return -1;
  }
  return call(half && count > 1 ? count / 2 : count);
}

template <class Call>
ssize_t reading(int file, Call call) {
  if (watching && on_disk(path_of(file))) {
    std::lock_guard lock(mutex);
    reads++;
    if (fault == UNREADABLE && reads == at) {
      struck = true;
      errno = EIO;
      return -1;
    }
  }
  return call();
}

template <class Call>
int opening(const std::string& path, int flags, Call call) {
  struct stat before;
  bool there = watching && stat(path.c_str(), &before) == 0;
  if (watching && (flags & O_CREAT) != 0 && !there) {
    return change(path, "create", [&] {
      int file = call();
      if (file >= 0 && on_disk(path)) {
        note(path);
      }
      return file;
    });
  }
  bool cuts = there && (flags & O_TRUNC) != 0 && S_ISREG(before.st_mode) && before.st_size > 0;
  return cuts ? change(path, "truncate", call) : call();
}

template <class Call>
int syncing(int file, Call call) {
  std::string path = watching ? path_of(file) : "";
  if (path.empty() || !on_disk(path)) {
    return call();
  }
  return change(path, "sync", [&] {
    synced("/proc/self/fd/" + std::to_string(file));
    return 0;
  });
}

template <class Call>
int making(const std::string& path, Call call) {
  return change(path, "mkdir", [&] {
    int result = call();
    if (result == 0 && watching && on_disk(path)) {
      note(path);
    }
    return result;
  });
}

// The first bytes of what a writev shall write.
std::vector<iovec> first(const iovec* parts, int count, size_t bytes) {
  std::vector<iovec> result;
  for (int i = 0; i < count && bytes > 0; i++) {
    iovec part = parts[i];
    part.iov_len = std::min(part.iov_len, bytes);
    bytes -= part.iov_len;
    result.push_back(part);
  }
  return result;
}

size_t total(const iovec* parts, int count) {
  size_t bytes = 0;
  for (int i = 0; i < count; i++) {
    bytes += parts[i].iov_len;
  }
  return bytes;
}

}  // namespace

// ---- What stands before libc.

#define MODE_OF_OPEN              \
  va_list arguments;              \
  va_start(arguments, flags);     \
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0; \
  va_end(arguments)

EXPORT int open(const char* path, int flags, ...) {
  REAL(open);
  MODE_OF_OPEN;
  return opening(absolute(AT_FDCWD, path), flags, [&] { return real(path, flags, mode); });
}

EXPORT int open64(const char* path, int flags, ...) {
  REAL(open64);
  MODE_OF_OPEN;
  return opening(absolute(AT_FDCWD, path), flags, [&] { return real(path, flags, mode); });
}

EXPORT int openat(int directory, const char* path, int flags, ...) {
  REAL(openat);
  MODE_OF_OPEN;
  return opening(absolute(directory, path), flags, [&] { return real(directory, path, flags, mode); });
}

EXPORT int openat64(int directory, const char* path, int flags, ...) {
  REAL(openat64);
  MODE_OF_OPEN;
  return opening(absolute(directory, path), flags, [&] { return real(directory, path, flags, mode); });
}

EXPORT ssize_t write(int file, const void* bytes, size_t count) {
  REAL(write);
  return writing(file, count, [&](size_t some) { return real(file, bytes, some); });
}

EXPORT ssize_t pwrite(int file, const void* bytes, size_t count, off_t place) {
  REAL(pwrite);
  return writing(file, count, [&](size_t some) { return real(file, bytes, some, place); });
}

EXPORT ssize_t pwrite64(int file, const void* bytes, size_t count, off64_t place) {
  REAL(pwrite64);
  return writing(file, count, [&](size_t some) { return real(file, bytes, some, place); });
}

EXPORT ssize_t writev(int file, const iovec* parts, int count) {
  REAL(writev);
  return writing(file, total(parts, count), [&](size_t some) {
    std::vector<iovec> those = first(parts, count, some);
    return real(file, those.data(), static_cast<int>(those.size()));
  });
}

EXPORT ssize_t sendfile64(int to, int from, off64_t* place, size_t count) noexcept {
  REAL(sendfile64);
  return writing(to, count, [&](size_t some) { return real(to, from, place, some); });
}

EXPORT ssize_t copy_file_range(
    int from, off64_t* read_at, int to, off64_t* write_at, size_t count, unsigned flags) {
  REAL(copy_file_range);
  return writing(to, count, [&](size_t some) { return real(from, read_at, to, write_at, some, flags); });
}

EXPORT int ftruncate(int file, off_t length) noexcept {
  REAL(ftruncate);
  return change(watching ? path_of(file) : "", "truncate", [&] { return real(file, length); });
}

EXPORT int ftruncate64(int file, off64_t length) noexcept {
  REAL(ftruncate64);
  return change(watching ? path_of(file) : "", "truncate", [&] { return real(file, length); });
}

EXPORT int fsync(int file) {
  REAL(fsync);
  return syncing(file, [&] { return real(file); });
}

EXPORT int fdatasync(int file) {
  REAL(fdatasync);
  return syncing(file, [&] { return real(file); });
}

EXPORT int rename(const char* from, const char* to) noexcept {
  REAL(rename);
  return change(absolute(AT_FDCWD, to), "rename", [&] { return real(from, to); });
}

EXPORT int renameat(int from_directory, const char* from, int to_directory, const char* to) noexcept {
  REAL(renameat);
  return change(absolute(to_directory, to), "rename", [&] {
    return real(from_directory, from, to_directory, to);
  });
}

EXPORT int link(const char* from, const char* to) noexcept {
  REAL(link);
  return change(absolute(AT_FDCWD, to), "link", [&] { return real(from, to); });
}

EXPORT int symlink(const char* from, const char* to) noexcept {
  REAL(symlink);
  return change(absolute(AT_FDCWD, to), "link", [&] { return real(from, to); });
}

EXPORT int unlink(const char* path) noexcept {
  REAL(unlink);
  return change(absolute(AT_FDCWD, path), "delete", [&] { return real(path); });
}

EXPORT int unlinkat(int directory, const char* path, int flags) noexcept {
  REAL(unlinkat);
  return change(absolute(directory, path), "delete", [&] { return real(directory, path, flags); });
}

EXPORT int remove(const char* path) noexcept {
  REAL(remove);
  return change(absolute(AT_FDCWD, path), "delete", [&] { return real(path); });
}

EXPORT int rmdir(const char* path) noexcept {
  REAL(rmdir);
  return change(absolute(AT_FDCWD, path), "delete", [&] { return real(path); });
}

EXPORT int mkdir(const char* path, mode_t mode) noexcept {
  REAL(mkdir);
  return making(absolute(AT_FDCWD, path), [&] { return real(path, mode); });
}

EXPORT ssize_t read(int file, void* bytes, size_t count) {
  REAL(read);
  return reading(file, [&] { return real(file, bytes, count); });
}

EXPORT ssize_t pread64(int file, void* bytes, size_t count, off64_t place) {
  REAL(pread64);
  return reading(file, [&] { return real(file, bytes, count, place); });
}

EXPORT ssize_t readv(int file, const iovec* parts, int count) {
  REAL(readv);
  return reading(file, [&] { return real(file, parts, count); });
}

EXPORT dirent* readdir(DIR* directory) {
  REAL(readdir);
  dirent* entry = nullptr;
  reading(dirfd(directory), [&] {
    entry = real(directory);
    return 0;
  });
  return entry;
}

EXPORT dirent64* readdir64(DIR* directory) {
  REAL(readdir64);
  dirent64* entry = nullptr;
  reading(dirfd(directory), [&] {
    entry = real(directory);
    return 0;
  });
  return entry;
}

// ---- What the test asks for.

#define NATIVE(type, name) \
  EXPORT JNIEXPORT type JNICALL Java_io_tangentflow_testing_FaultyDisk_##name

NATIVE(void, begin)(JNIEnv* env, jclass, jstring directory, jint what, jlong call) {
  std::lock_guard lock(mutex);
  const char* path = env->GetStringUTFChars(directory, nullptr);
  root = path;
  env->ReleaseStringUTFChars(directory, path);
  forget();
  synced_with_all_below(root);
  struct stat status;
  stat(root.c_str(), &status);
  root_number = status.st_ino;
  fault = static_cast<Fault>(what);
  at = call;
  changes = 0;
  reads = 0;
  struck = false;
  log_lines.clear();
  watching = true;
}

NATIVE(void, end)(JNIEnv*, jclass) {
  std::lock_guard lock(mutex);
  watching = false;
}

NATIVE(void, lose)(JNIEnv*, jclass, jint what) {
  std::lock_guard lock(mutex);
  if (what == NAMES) {
    empty(root);
    restore(root, root_number);
  } else {
    lose_bytes(root, what == TAILS_AS_ZEROS);
  }
  forget();
}

NATIVE(jlong, changes)(JNIEnv*, jclass) {
  std::lock_guard lock(mutex);
  return changes;
}

NATIVE(jlong, reads)(JNIEnv*, jclass) {
  std::lock_guard lock(mutex);
  return reads;
}

NATIVE(jboolean, struck)(JNIEnv*, jclass) {
  std::lock_guard lock(mutex);
  return struck;
}

NATIVE(jstring, calls)(JNIEnv* env, jclass) {
  std::lock_guard lock(mutex);
  return env->NewStringUTF(log_lines.c_str());
}

# Builds for 64-bit Arm on another machine and runs the tests in qemu's user mode, with a processor that has every
# extension. `tools/setup.sh aarch64` installs the compiler and qemu and fetches the libraries.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)

set(ADZE_AARCH64_LIBRARIES ${CMAKE_CURRENT_LIST_DIR}/../../build/aarch64-libraries)
cmake_path(NORMAL_PATH ADZE_AARCH64_LIBRARIES)
set(CMAKE_FIND_ROOT_PATH ${ADZE_AARCH64_LIBRARIES})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${ADZE_AARCH64_LIBRARIES})
set(ENV{PKG_CONFIG_LIBDIR} ${ADZE_AARCH64_LIBRARIES}/usr/lib/aarch64-linux-gnu/pkgconfig)

# Debian keeps the headers that differ between processors (openssl/opensslconf.h) apart.
string(APPEND CMAKE_CXX_FLAGS_INIT " -isystem ${ADZE_AARCH64_LIBRARIES}/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}")

# The path where programs look for libraries holds for what those need in turn, too.
string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT " -Wl,--disable-new-dtags")

set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -cpu max -L /usr/aarch64-linux-gnu)

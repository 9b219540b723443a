# SPDX-License-Identifier: Apache-2.0
# Warnings and hardening, each flag probed, gathered in the target project_options.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_library(project_options INTERFACE)

# add_flags(compile|link FLAG...): adds each flag that this compiler takes.
function(add_flags kind)
  foreach(flag IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER "has_${kind}_${flag}" result)
    if(kind STREQUAL "link")
      check_linker_flag(C "${flag}" ${result})
    else()
      set(CMAKE_REQUIRED_FLAGS "-Werror")
      check_c_compiler_flag("${flag}" ${result})
    endif()
    if(${result})
      if(kind STREQUAL "link")
        target_link_options(project_options INTERFACE "${flag}")
      else()
        target_compile_options(project_options INTERFACE "${flag}")
      endif()
    endif()
  endforeach()
endfunction()

add_flags(compile
  -Wall -Wextra -Wpedantic -Wformat=2 -Wformat-overflow=2 -Wformat-truncation=2 -Wconversion -Wsign-conversion
  -Wshadow -Wvla -Walloca -Wstack-usage=16384 -Wimplicit-fallthrough=5 -Wstrict-prototypes -Wmissing-prototypes
  -Wwrite-strings -Wnull-dereference -Wundef -Wcast-qual -Wcast-align=strict -Wpointer-arith -Wswitch-enum -Wtrampolines
  -Wbidi-chars=any -Wduplicated-cond -Wlogical-op
  -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing -fno-common -fvisibility=hidden)
if(WARNINGS_AS_ERRORS)
  target_compile_options(project_options INTERFACE -Werror)
endif()

if(SANITIZE)
  target_compile_options(project_options INTERFACE
    -fsanitize=${SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(project_options INTERFACE -fsanitize=${SANITIZE})
  target_compile_definitions(project_options INTERFACE SANITIZED)
else()
  add_flags(compile -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard
    -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr -fstrict-flex-arrays=3)
  target_compile_options(project_options INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()
add_flags(link LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack LINKER:-z,separate-code LINKER:--as-needed
  LINKER:--no-copy-dt-needed-entries LINKER:--build-id=sha1)
if(NOT SANITIZE)
  add_flags(link LINKER:-z,defs)
endif()
if(COVERAGE)
  target_compile_options(project_options INTERFACE --coverage -O0)
  target_link_options(project_options INTERFACE --coverage)
endif()
target_compile_options(project_options INTERFACE "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
target_compile_definitions(project_options INTERFACE _GNU_SOURCE)

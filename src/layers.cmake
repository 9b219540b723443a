# SPDX-License-Identifier: Apache-2.0
# One static library per layer; what a layer links is what it may use. tests/lint checks the includes as well.

# The name under which a library is loaded, read from the library that pkg-config found.
function(find_soname module library out)
  find_library(${library}_FILE ${library} HINTS ${${module}_LIBDIR} ${${module}_LIBRARY_DIRS} REQUIRED)
  find_program(READELF_PROGRAM NAMES ${CMAKE_READELF} readelf llvm-readelf REQUIRED)
  execute_process(COMMAND ${READELF_PROGRAM} -d ${${library}_FILE} OUTPUT_VARIABLE dynamic)
  if(NOT dynamic MATCHES "SONAME[^\n]*\\[([^]]+)\\]")
    message(FATAL_ERROR "cannot read the soname of ${${library}_FILE}")
  endif()
  set(${out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

find_soname(CURL curl CURL_SONAME)
find_soname(MICROHTTPD microhttpd MICROHTTPD_SONAME)
find_soname(OPENSSL crypto CRYPTO_SONAME)
find_soname(JWT jwt JWT_SONAME)
string(REPLACE ".so." "" JWT_PACKAGE "${JWT_SONAME}") # as Debian calls it, which differs between 12 and 13
set(login_external)
if(QRENCODE_FOUND)
  find_soname(QRENCODE qrencode QRENCODE_SONAME)
  set(login_external QRENCODE)
endif()

set(session_external)
set(left_out "/keyring(_error|_exchange|_library)?\\.c$")
if(SECRET_FOUND)
  set(left_out "/keyring_absent\\.c$")
  find_soname(SECRET secret-1 SECRET_SONAME)
  find_soname(SECRET gio-2.0 GIO_SONAME)
  find_soname(SECRET gobject-2.0 GOBJECT_SONAME)
  find_soname(SECRET glib-2.0 GLIB_SONAME)
  set(session_external SECRET)
endif()

# layer(NAME LAYERS ... EXTERNAL ...): LAYERS are ours, EXTERNAL are imported pkg-config targets whose headers it includes
# and which are linked only when binding is not late.
function(layer name)
  cmake_parse_arguments(LAYER "" "" "LAYERS;EXTERNAL" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.c)
  list(FILTER sources EXCLUDE REGEX "${left_out}")
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${LAYER_LAYERS})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PRIVATE project_options PUBLIC ${LAYER_LAYERS})
  foreach(external IN LISTS LAYER_EXTERNAL)
    if(LATE_BINDING)
      target_include_directories(${name} SYSTEM PRIVATE
        $<TARGET_PROPERTY:PkgConfig::${external},INTERFACE_INCLUDE_DIRECTORIES>)
    else()
      target_link_libraries(${name} PUBLIC PkgConfig::${external})
    endif()
  endforeach()
endfunction()

layer(base)
target_include_directories(base PUBLIC ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(base PUBLIC PkgConfig::JANSSON ${CMAKE_DL_LIBS})
target_compile_definitions(base PUBLIC
  LATE_CURL="${CURL_SONAME}" LATE_MICROHTTPD="${MICROHTTPD_SONAME}"
  LATE_CRYPTO="${CRYPTO_SONAME}" LATE_JWT="${JWT_SONAME}" LATE_JWT_PACKAGE="${JWT_PACKAGE}"
  $<$<BOOL:${QRENCODE_FOUND}>:LATE_QRENCODE="${QRENCODE_SONAME}">
  "$<$<BOOL:${SECRET_FOUND}>:LATE_SECRET=\"${SECRET_SONAME}\";LATE_GIO=\"${GIO_SONAME}\";LATE_GOBJECT=\"${GOBJECT_SONAME}\";LATE_GLIB=\"${GLIB_SONAME}\">"
  $<$<BOOL:${LATE_BINDING}>:LATE_BINDING>)
layer(session LAYERS base EXTERNAL ${session_external})
layer(crypto LAYERS base EXTERNAL OPENSSL JWT)
layer(oidc LAYERS crypto base)
layer(net LAYERS base EXTERNAL CURL MICROHTTPD)
layer(kubernetes LAYERS base)
layer(advice LAYERS oidc net kubernetes crypto session base)
layer(login LAYERS advice oidc net kubernetes crypto session base EXTERNAL ${login_external})
layer(command LAYERS login advice kubernetes oidc net crypto session base)

if(EXISTS ${CMAKE_SOURCE_DIR}/src/main.c)
  add_executable(latchkey src/main.c)
  target_link_libraries(latchkey PRIVATE project_options command)
  target_compile_definitions(command PRIVATE LATCHKEY_VERSION="${PROJECT_VERSION}")

  install(TARGETS latchkey RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  set(links kubectl-oidc_login kubectl-latchkey kubectl_complete-oidc_login kubectl_complete-latchkey)
  if(INSTALL_KUBELOGIN)
    list(APPEND links kubelogin)
  endif()
  foreach(link IN LISTS links)
    add_custom_command(TARGET latchkey POST_BUILD VERBATIM
      COMMAND ${CMAKE_COMMAND} -E create_symlink latchkey $<TARGET_FILE_DIR:latchkey>/${link})
    install(FILES ${CMAKE_BINARY_DIR}/${link} DESTINATION ${CMAKE_INSTALL_BINDIR})
  endforeach()
  install(FILES man/latchkey.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
endif()

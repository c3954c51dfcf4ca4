# cmake --install: the program, the library, its headers, and a CMake package, so that another project writes
#   find_package(ingot REQUIRED)
#   target_link_libraries(its_program PRIVATE ingot::ingot)
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/ingot)

target_compile_features(ingot PUBLIC cxx_std_20)
# The library is static: who links it links what it is made of. The package's configuration finds these again.
target_link_libraries(ingot PRIVATE
  $<INSTALL_INTERFACE:Threads::Threads> $<INSTALL_INTERFACE:fmt::fmt> $<INSTALL_INTERFACE:PkgConfig::pcre2> $<INSTALL_INTERFACE:PkgConfig::utf8proc>
  $<INSTALL_INTERFACE:PkgConfig::xxhash>)

install(TARGETS ingot_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ingot EXPORT ingot_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ingot DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.h)
install(FILES ${PROJECT_BINARY_DIR}/include/ingot/version.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ingot)
# Each shell looks into a folder of its own. The program writes the scripts, so they are made where it runs.
if(NOT CMAKE_CROSSCOMPILING)
  foreach(script bash:bash-completion/completions:ingot zsh:zsh/site-functions:_ingot fish:fish/vendor_completions.d:ingot.fish)
    string(REPLACE ":" ";" script ${script})
    list(GET script 0 shell)
    list(GET script 1 folder)
    list(GET script 2 name)
    set(made ${PROJECT_BINARY_DIR}/completions/${name})
    install(CODE "file(MAKE_DIRECTORY \"${PROJECT_BINARY_DIR}/completions\")
      execute_process(COMMAND \"$<TARGET_FILE:ingot_cli>\" completion ${shell} OUTPUT_FILE \"${made}\"
        COMMAND_ERROR_IS_FATAL ANY)")
    install(FILES ${made} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder})
  endforeach()
endif()
install(EXPORT ingot_targets NAMESPACE ingot:: DESTINATION ${package_dir})

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ingot-config.cmake.in ${PROJECT_BINARY_DIR}/ingot-config.cmake
  INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor release may break the interface: version.h tells the rule.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ingot-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ingot-config.cmake ${PROJECT_BINARY_DIR}/ingot-config-version.cmake
  DESTINATION ${package_dir})

# adze_web_page(<target>)
#
# Puts the web page into the target as C++. It is bundled from web/ where tools/web_packages.sh has installed the npm
# packages, which `make setup` does; configuring and building never use the network.

option(ADZE_WEB_PAGE "Put the web page into the server where npm has installed its packages" ON)

function(adze_web_page target)
  set(state ${CMAKE_SOURCE_DIR}/build/web_packages.txt)
  if(NOT EXISTS ${state})
    file(WRITE ${state} "missing - its npm packages are not installed; run make page\n")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${state})
  file(READ ${state} text)
  string(REGEX MATCH "^([a-z]+) [^ ]* ([^\n]*)" text "${text}")  # "installed" or "missing", a sum, the reason
  set(word "${CMAKE_MATCH_1}")
  set(reason "${CMAKE_MATCH_2}")
  set(output ${CMAKE_CURRENT_BINARY_DIR}/web_page_data.cpp)
  set(script ${CMAKE_SOURCE_DIR}/tools/build_web_page.py)
  set(flags "")
  if(NOT ADZE_WEB_PAGE)
    message(STATUS "Web page: left out (ADZE_WEB_PAGE is off)")
    set(flags --without)
  elseif(word STREQUAL "installed")
    message(STATUS "Web page: bundled from web/")
  else()
    message(STATUS "Web page: left out: ${reason}")
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/web/src/*)
  list(FILTER sources EXCLUDE REGEX "_test\\.tsx?$")
  add_custom_command(OUTPUT ${output} COMMAND ${Python3_EXECUTABLE} ${script} ${output} ${flags}
    DEPENDS ${script} ${state} ${sources} ${CMAKE_SOURCE_DIR}/web/bundle.mjs ${CMAKE_SOURCE_DIR}/web/package-lock.json
    COMMENT "Bundling the web page" VERBATIM)
  target_sources(${target} PRIVATE ${output})
endfunction()

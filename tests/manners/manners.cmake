# The card of manners as tests: each line is a test of its own, which ctest runs when all tests that show the line have ended. It passes when
# all of them passed, and is skipped when it is left out, missing, or when a test that shows it was skipped; manners.py says why.
set(manners_folder ${CMAKE_CURRENT_LIST_DIR})
set(manners_records ${CMAKE_CURRENT_BINARY_DIR}/manners)

# Reads which tests of `source` show what, before they are added.
macro(manners_read source)
    set(manners_source ${source})
    set(manners_call ${Python3_EXECUTABLE} -B ${manners_folder}/manners.py --source ${source} --records ${manners_records})
    file(GLOB manners_claims CONFIGURE_DEPENDS ${source}/tests/data/flow/*.json ${source}/tests/flow/flow_*.py
        ${source}/tests/unit/*/test_*.c ${manners_folder}/*)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${manners_claims})
    execute_process(COMMAND ${manners_call} --cmake OUTPUT_FILE ${CMAKE_CURRENT_BINARY_DIR}/manners_card.cmake COMMAND_ERROR_IS_FATAL ANY)
    include(${CMAKE_CURRENT_BINARY_DIR}/manners_card.cmake)
endmacro()

# add_test(), of a test whose record is kept when it shows lines.
function(manners_test name)
    if(name IN_LIST manners_tests)
        add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} -B ${manners_folder}/record.py ${manners_records}/${name} -- ${ARGN})
        set_tests_properties(${name} PROPERTIES LABELS manners)
    else()
        add_test(NAME ${name} COMMAND ${ARGN})
    endif()
endfunction()

function(manners_line number words)
    set(name "${number} ${words}")
    add_test(NAME ${name} COMMAND ${manners_call} --line ${number})
    set_tests_properties(${name} PROPERTIES LABELS manners SKIP_RETURN_CODE 77 FIXTURES_REQUIRED ${number})
    set_property(TEST manners.card APPEND PROPERTY DEPENDS ${name})
    foreach(test ${ARGN})
        set_property(TEST ${test} APPEND PROPERTY FIXTURES_SETUP ${number})
    endforeach()
endfunction()

# After all tests were added.
macro(manners_finish)
    add_test(NAME manners.card COMMAND ${manners_call})
    set_tests_properties(manners.card PROPERTIES LABELS manners)
    manners_lines()
endmacro()

# SPDX-License-Identifier: Apache-2.0
# Makes the vectors of NAME (corpus or wycheproof) with PYTHON in FOLDER and gives them to RUNNER.
set(ENV{PYTHONDONTWRITEBYTECODE} 1)
set(vectors ${FOLDER}/${NAME}.jsonl)

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${NAME} failed (${status})")
  endif()
endfunction()

if(NAME STREQUAL "corpus")
  run(${PYTHON} ${SCRIPTS}/corpus.py ${FOLDER}/keys ${vectors})
else()
  set(wycheproof "$ENV{LATCHKEY_WYCHEPROOF}")
  if(wycheproof STREQUAL "")
    get_filename_component(wycheproof ${SCRIPTS}/../../../shared/wycheproof ABSOLUTE)
  endif()
  if(NOT EXISTS ${wycheproof}/json_web_signature_test.json)
    message("wycheproof: ABSENT, nothing was tested; set LATCHKEY_WYCHEPROOF to the folder of "
      "json_web_signature_test.json and json_web_key_test.json")
    return()
  endif()
  run(${PYTHON} ${SCRIPTS}/wycheproof.py ${wycheproof} ${vectors})
endif()
run(${RUNNER} ${NAME} ${vectors})

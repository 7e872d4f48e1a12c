# docs/ops.md is what the registry and docs/ops_errors.txt give.
cmake_policy(VERSION 3.25)

execute_process(COMMAND ${TABLE} ${ROOT}/docs/ops_errors.txt
  OUTPUT_VARIABLE made RESULT_VARIABLE failed)
if(failed)
  message(SEND_ERROR "eagercl-ops-table failed")
endif()
file(READ ${ROOT}/docs/ops.md there)
if(NOT made STREQUAL there)
  message(SEND_ERROR "docs/ops.md is out of date: run tools/measure-ops, or "
    "eagercl-ops-table docs/ops_errors.txt > docs/ops.md when no number changes")
endif()
message("docs: docs/ops.md is up to date")

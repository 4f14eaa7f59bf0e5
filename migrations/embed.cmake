# Writes OUTPUT, a C table of every NNNN_name.sql of FOLDER, in order and without a gap.
file(GLOB files ${FOLDER}/*.sql)
list(SORT files)
set(rows "")
set(expected 1)
foreach(file IN LISTS files)
  get_filename_component(stem ${file} NAME_WE)
  if(NOT stem MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)$")
    message(FATAL_ERROR "${file}: a migration is named NNNN_name.sql")
  endif()
  set(digits ${CMAKE_MATCH_1})
  set(name ${CMAKE_MATCH_2})
  math(EXPR version "1${digits} - 10000")
  if(NOT version EQUAL expected)
    message(FATAL_ERROR "${file}: migration ${expected} is missing")
  endif()
  math(EXPR expected "${expected} + 1")
  file(READ ${file} sql)
  string(REPLACE "\\" "\\\\" sql "${sql}")
  string(REPLACE "\"" "\\\"" sql "${sql}")
  string(REPLACE "\n" "\\n\"\n     \"" sql "${sql}")
  string(APPEND rows "    {${version}, \"${name}\",\n     \"${sql}\"},\n")
endforeach()
file(WRITE ${OUTPUT} "#include \"migrations/migrations.h\"

const struct migration migrations[] = {
${rows}    {0, NULL, NULL},
};
")

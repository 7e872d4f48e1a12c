# cmake -DINPUT=page.html -DOUTPUT=page_text.h -DNAME=page_text -P embed.cmake
# Bytes, not a string literal: C11 promises only 4095 characters of those.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT} "/* Generated. */
static const unsigned char ${NAME}[] = {\n${bytes}0};\n")

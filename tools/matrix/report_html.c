/* One page without outside resources: page.html with the JSON in it. */
#include "page_text.h"
#include "report.h"

bool report_html(const report *of, const char *path) {
  static const char mark[] = "@DATA@";
  const char *page = (const char *)page_text, *at = strstr(page, mark);
  FILE *file = report_open(path);
  if (file == NULL || at == NULL) return false;
  fwrite(page, 1, (size_t)(at - page), file);
  report_put_json(of, file);
  fputs(at + strlen(mark), file);
  return report_close(file, path);
}

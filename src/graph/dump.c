/* A graph as text, for people. */
#include "base/alloc.h"
#include "base/strbuf.h"
#include "graph/graph.h"

static void put_port(eager__strbuf *to, const eager__port *port) {
  char text[EAGER__SHAPE_TEXT];
  eager__strbuf_format(to, "%s%s", eager_dtype_name(port->dtype),
                       eager__shape_text(&port->shape, text));
}

/* --- Attributes --- */

static void put_list(eager__strbuf *to, const eager__attr *attr, bool is_ints) {
  eager__strbuf_add(to, "[");
  for (size_t i = 0; i < attr->count; i++) {
    if (i) eager__strbuf_add(to, ",");
    if (is_ints)
      eager__strbuf_format(to, "%lld", (long long)attr->ints[i]);
    else
      eager__strbuf_format(to, "%g", attr->floats[i]);
  }
  eager__strbuf_add(to, "]");
}

/* A line is a node's. */
static void put_text(eager__strbuf *to, const char *text) {
  for (; *text; text++) eager__strbuf_add_bytes(to, *text == '\n' ? " " : text, 1);
}

static void put_value(eager__strbuf *to, const eager__attr_spec *spec,
                      const eager__attr *attr) {
  bool is_ints = spec->kind == EAGER__ATTR_INT_LIST;
  if (is_ints || spec->kind == EAGER__ATTR_FLOAT_LIST)
    put_list(to, attr, is_ints);
  else if (spec->kind == EAGER__ATTR_STRING)
    put_text(to, attr->text ? attr->text : "");
  else if (spec->kind == EAGER__ATTR_DTYPE)
    eager__strbuf_add(to, eager_dtype_name((eager_dtype)attr->i));
  else if (spec->kind == EAGER__ATTR_BOOL)
    eager__strbuf_add(to, attr->i ? "true" : "false");
  else if (attr->is_float)
    eager__strbuf_format(to, "%g", attr->f);
  else
    eager__strbuf_format(to, "%lld", (long long)attr->i);
}

static void put_attrs(eager__strbuf *to, const eager__node *node) {
  const char *before = " {";
  if (!node->op) return;
  for (int i = 0; i < EAGER__MAX_ATTRS && node->op->attrs[i].name; i++) {
    if (!node->attrs[i].given) continue;
    eager__strbuf_format(to, "%s%s=", before, node->op->attrs[i].name);
    put_value(to, &node->op->attrs[i], &node->attrs[i]);
    before = ", ";
  }
  if (node->user) {
    eager__strbuf_add(to, before);
    node->op->user->show(node->user, to);
    before = ", ";
  }
  if (before[0] == ',') eager__strbuf_add(to, "}");
}

/* --- Text: `Mul_3 = Mul(x:0, Const_2:0) float32[?,4] on CPU:0` --- */

static void put_line(eager__strbuf *to, eager__node *const *nodes, size_t number) {
  const eager__node *node = nodes[number];
  eager__strbuf_format(to, "%s = %s(", node->name, eager__node_kind_name(node));
  for (int i = 0; i < node->input_count; i++)
    eager__strbuf_format(to, "%s%s:%d", i ? ", " : "", nodes[node->inputs[i].node]->name,
                         node->inputs[i].output);
  eager__strbuf_add(to, ")");
  for (int i = 0; i < node->output_count; i++) {
    eager__strbuf_add(to, i ? ", " : " ");
    put_port(to, &node->outputs[i]);
  }
  put_attrs(to, node);
  if (node->device) eager__strbuf_format(to, " on %s", node->device);
  eager__strbuf_add(to, "\n");
}

/* --- DOT --- */

static void put_quoted(eager__strbuf *to, const char *text) {
  for (; *text; text++) {
    if (*text == '"' || *text == '\\') eager__strbuf_add(to, "\\");
    eager__strbuf_add_bytes(to, *text == '\n' ? " " : text, 1);
  }
}

/* How much of two scopes' names is alike, in whole parts: "a/b/" of "a/b/c/" and "a/b/d/".
 */
static size_t common_scope(const char *a, size_t a_size, const char *b, size_t b_size) {
  size_t common = 0;
  for (size_t i = 0; i < a_size && i < b_size && a[i] == b[i]; i++)
    if (a[i] == '/') common = i + 1;
  return common;
}

/* Closes the boxes of `before` that are not `node`'s and opens those that were not open; a
 * box that is opened twice is one. */
static void put_dot_scope(eager__strbuf *to, const eager__node *before,
                          const eager__node *node) {
  static const eager__node none = {.name = ""};
  if (!before) before = &none;
  if (!node) node = &none;
  size_t common =
      common_scope(before->name, before->scope_size, node->name, node->scope_size);
  for (size_t i = common; i < before->scope_size; i++)
    if (before->name[i] == '/') eager__strbuf_add(to, "  }\n");
  for (size_t begin = common, i = common; i < node->scope_size; i++) {
    if (node->name[i] != '/') continue;
    eager__strbuf_format(to, "  subgraph \"cluster_%.*s\" {\n  label=\"%.*s\";\n", (int)i,
                         node->name, (int)(i - begin), node->name + begin);
    begin = i + 1;
  }
}

static void put_dot_node(eager__strbuf *to, const eager__node *node, size_t number) {
  eager__strbuf attrs = {0};
  put_attrs(&attrs, node);
  eager__strbuf_format(to, "  n%zu [shape=%s, label=\"", number,
                       node->kind == EAGER__NODE_OP ? "box" : "ellipse");
  put_quoted(to, node->name);
  eager__strbuf_format(to, "\\n%s", eager__node_kind_name(node));
  put_quoted(to, eager__strbuf_text(&attrs));
  if (node->device) eager__strbuf_format(to, "\\n%s", node->device);
  eager__strbuf_add(to, "\"];\n");
  to->failed |= attrs.failed;
  eager__strbuf_free(&attrs);
}

static void put_dot_edges(eager__strbuf *to, eager__node *const *nodes, size_t number) {
  const eager__node *node = nodes[number];
  for (int i = 0; i < node->input_count; i++) {
    eager__edge from = node->inputs[i];
    eager__strbuf_format(to, "  n%d -> n%zu [label=\"", from.node, number);
    put_port(to, &nodes[from.node]->outputs[from.output]);
    eager__strbuf_add(to, "\"];\n");
  }
}

static void put_dot(eager__strbuf *to, eager__node *const *nodes, size_t count) {
  eager__strbuf_add(to, "digraph {\n");
  for (size_t i = 0; i < count; i++) {
    put_dot_scope(to, i ? nodes[i - 1] : NULL, nodes[i]);
    put_dot_node(to, nodes[i], i);
  }
  put_dot_scope(to, count ? nodes[count - 1] : NULL, NULL);
  for (size_t i = 0; i < count; i++) put_dot_edges(to, nodes, i);
  eager__strbuf_add(to, "}\n");
}

static eager_status dump(eager_graph *g, eager_graph_format format, char **out_text) {
  size_t count = eager__graph_count(g);
  eager__node **nodes = eager__alloc(count * sizeof *nodes + 1);
  if (!nodes) return eager__out_of_memory(count * sizeof *nodes);
  eager__graph_look(g, count, nodes);
  eager__strbuf text = {0};
  if (format == EAGER_GRAPH_DOT)
    put_dot(&text, nodes, count);
  else
    for (size_t i = 0; i < count; i++) put_line(&text, nodes, i);
  eager__free(nodes);
  size_t size = text.size;
  *out_text = eager__strbuf_take(&text);
  return *out_text ? EAGER_OK : eager__out_of_memory(size);
}

eager_status eager__graph_check_format(eager_graph_format format) {
  EAGER__REQUIRE(format == EAGER_GRAPH_TEXT || format == EAGER_GRAPH_DOT,
                 EAGER_INVALID_ARGUMENT, "format must be one of EAGER_GRAPH_*, got %d",
                 (int)format);
  return EAGER_OK;
}

eager_status eager_graph_dump(eager_graph *g, eager_graph_format format, char **out_text) {
  EAGER__REQUIRE(out_text, EAGER_INVALID_ARGUMENT, "out_text is NULL");
  *out_text = NULL;
  EAGER__REQUIRE(g, EAGER_INVALID_ARGUMENT, "eager_graph_dump: the graph is NULL");
  EAGER__TRY(eager__runtime_require_open());
  EAGER__TRY(eager__graph_check(g));
  EAGER__TRY(eager__graph_check_format(format));
  return dump(g, format, out_text);
}

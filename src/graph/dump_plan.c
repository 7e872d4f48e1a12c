/* Plans as text, for people. */
#include "base/strbuf.h"
#include "graph/plan.h"

static void put_shape(eager__strbuf *to, const eager__value *v) {
  char text[EAGER__SHAPE_TEXT];
  eager__strbuf_format(to, "%s%s", eager_dtype_name(v->dtype),
                       eager__shape_text(&v->shape, text));
}

/* `v7`, and from which of its bytes on where it is a view: `v7+64`. */
static void put_operand(eager__strbuf *to, const eager__program *p, int value) {
  const eager__value *v = &p->values[value];
  eager__strbuf_format(to, "v%d", v->base);
  if (v->offset) eager__strbuf_format(to, "+%lld", (long long)v->offset);
}

static void put_name(eager__strbuf *to, const eager__value *v) {
  eager__strbuf_format(to, "%s:%d", v->name ? v->name : "?", v->output);
}

static void put_place(eager__strbuf *to, const eager__segment *segment,
                      const eager__value *v) {
  if (v->place < 0)
    eager__strbuf_add(to, segment->replay ? "in registers" : "in a buffer of its own");
  else if (v->slot == 0)
    eager__strbuf_format(to, "at %lld", (long long)v->place);
  else
    eager__strbuf_format(to, "in result %d", v->slot - segment->first_output);
}

static void put_list(eager__strbuf *to, const eager__program *p, const int *values,
                     size_t count) {
  for (size_t i = 0; i < count; i++) {
    eager__strbuf_add(to, i ? ", " : " ");
    put_operand(to, p, values[i]);
    eager__strbuf_add(to, " ");
    put_name(to, &p->values[values[i]]);
    eager__strbuf_add(to, " ");
    put_shape(to, &p->values[values[i]]);
  }
}

static void put_op(eager__strbuf *to, const eager__program *p, const eager__item *item) {
  eager__strbuf_format(to, "%s(", item->op->name);
  for (int i = 0; i < item->input_count; i++) {
    if (i) eager__strbuf_add(to, ", ");
    put_operand(to, p, item->inputs[i]);
  }
  eager__strbuf_add(to, ")");
}

/* `v9 = Relu(v8) float32[64,32] at 8192, dense/Relu_2:0` */
static void put_item(eager__strbuf *to, const eager__program *p,
                     const eager__segment *segment, const eager__item *item) {
  for (int i = 0; i < item->output_count; i++)
    eager__strbuf_format(to, "%sv%d", i ? ", " : "", item->outputs[i]);
  eager__strbuf_add(to, " = ");
  put_op(to, p, item);
  for (int i = 0; i < item->output_count; i++) {
    const eager__value *v = &p->values[item->outputs[i]];
    eager__strbuf_add(to, i ? "; " : " ");
    put_shape(to, v);
    eager__strbuf_add(to, " ");
    put_place(to, segment, v);
    eager__strbuf_add(to, ", ");
    put_name(to, v);
  }
  eager__strbuf_add(to, "\n");
}

static void put_items(eager__strbuf *to, const eager__program *p,
                      const eager__segment *segment) {
  for (int i = 0; i < segment->item_count; i++) {
    const eager__item *item = &p->items[segment->items[i]];
    if (!item->parts) {
      eager__strbuf_add(to, "    ");
      put_item(to, p, segment, item);
      continue;
    }
    eager__strbuf_add(to, "    one kernel:\n");
    for (int k = 0; k < item->part_count; k++) {
      eager__strbuf_add(to, "      ");
      put_item(to, p, segment, &p->items[item->parts[k]]);
    }
  }
}

static size_t workspaces_of(const eager__segment *segment) {
  size_t size = 0;
  for (int i = 0; i < eager__replay_workspace_count(segment->replay); i++)
    size += eager__replay_workspace(segment->replay, i);
  return size;
}

static void put_head(eager__strbuf *to, const eager__segment *segment) {
  eager__strbuf_format(to, "on %s, ", segment->device->short_name);
  if (segment->replay)
    eager__strbuf_format(
        to, "%d commands, arena %zu bytes (%zu live at once), workspaces %zu bytes",
        eager__replay_command_count(segment->replay), segment->arena_size,
        segment->arena_least, workspaces_of(segment));
  else
    eager__strbuf_add(to, "by itself");
}

void eager__plan_write(const eager__plan *plan, eager__strbuf *to) {
  const eager__program *p = &plan->program;
  eager__strbuf_add(to, "plan\n  feeds");
  put_list(to, p, p->feeds, p->feed_count);
  eager__strbuf_add(to, "\n  fetches");
  put_list(to, p, p->fetches, p->fetch_count);
  eager__strbuf_add(to, "\n");
  for (int i = 0; i < plan->segment_count; i++) {
    eager__strbuf_add(to, "  ");
    put_head(to, &plan->segments[i]);
    eager__strbuf_add(to, "\n");
    put_items(to, p, &plan->segments[i]);
  }
}

/* --- DOT: a box for each segment, in it one for each fused kernel --- */

static void put_dot_item(eager__strbuf *to, const eager__program *p, int plan,
                         const eager__segment *segment, const eager__item *item) {
  for (int i = 0; i < item->output_count; i++) {
    const eager__value *v = &p->values[item->outputs[i]];
    eager__strbuf_format(to, "  p%dv%d [shape=box, label=\"", plan, item->outputs[i]);
    put_name(to, v);
    eager__strbuf_format(to, "\\n%s\\n", item->op->name);
    put_shape(to, v);
    eager__strbuf_add(to, "\\n");
    put_place(to, segment, v);
    eager__strbuf_add(to, "\"];\n");
    for (int k = 0; k < item->input_count; k++)
      eager__strbuf_format(to, "  p%dv%d -> p%dv%d;\n", plan,
                           p->values[item->inputs[k]].base, plan, item->outputs[i]);
  }
}

static void put_dot_segment(eager__strbuf *to, const eager__plan *plan, int number, int s) {
  const eager__program *p = &plan->program;
  const eager__segment *segment = &plan->segments[s];
  eager__strbuf_format(to, "  subgraph cluster_p%ds%d {\n  label=\"", number, s);
  put_head(to, segment);
  eager__strbuf_add(to, "\";\n");
  for (int i = 0; i < segment->item_count; i++) {
    const eager__item *item = &p->items[segment->items[i]];
    if (!item->parts) {
      put_dot_item(to, p, number, segment, item);
      continue;
    }
    eager__strbuf_format(to, "  subgraph cluster_p%ds%dk%d {\n  label=\"one kernel\";\n",
                         number, s, i);
    for (int k = 0; k < item->part_count; k++)
      put_dot_item(to, p, number, segment, &p->items[item->parts[k]]);
    eager__strbuf_add(to, "  }\n");
  }
  eager__strbuf_add(to, "  }\n");
}

void eager__plan_write_dot(const eager__plan *plan, int number, eager__strbuf *to) {
  const eager__program *p = &plan->program;
  for (size_t i = 0; i < p->value_count; i++) {
    const eager__value *v = &p->values[i];
    if (!v->is_needed || v->base != (int)i || (v->item >= 0 && !v->constant)) continue;
    eager__strbuf_format(to, "  p%dv%zu [shape=ellipse, label=\"", number, i);
    put_name(to, v);
    eager__strbuf_add(to, "\\n");
    put_shape(to, v);
    eager__strbuf_add(to, "\"];\n");
  }
  for (int s = 0; s < plan->segment_count; s++) put_dot_segment(to, plan, number, s);
}

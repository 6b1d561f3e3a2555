/* Columns that are being filled, and how they are given on: in the memory layout of Arrow (views of words, bits of what
 * is known), through its C interface, so that nobody copies them. For the parsers beside this file, each of which
 * includes it once. */
#ifndef MODELYARD_COLUMNS_H
#define MODELYARD_COLUMNS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned char Byte;

struct ArrowSchema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct ArrowSchema **children, *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children, *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

typedef struct {
    char kind;       /* i, t: int64; f: double; b: bits; s: views of 16 bytes; - is left out */
    int shape;       /* of moments: the byte between date and time, times two, plus one with Z; 0 none yet, -1 several;
                        of numbers: whether one is written like a code, with a zero before it */
    void *values;
    Byte *valid;
    int64_t nulls;
    Byte *heap;      /* words of more than 12 bytes */
    int64_t used, room;
} Column;

/* Room for that many bytes more among the long words; 0: no memory, or more than a view can point into. */
static int heap_room(Column *column, int64_t size)
{
    if (column->used + size > INT32_MAX)
        return 0;
    if (column->used + size <= column->room)
        return 1;
    int64_t room = (column->used + size) * 2 + 4096;
    Byte *heap = realloc(column->heap, (size_t)room);
    if (heap == NULL)
        return 0;
    column->heap = heap;
    column->room = room;
    return 1;
}

/* Zeros for that many rows: nothing is known yet. 0: no memory. */
static int prepare(Column *column, char kind, int64_t rows)
{
    column->kind = kind;
    if (kind == '-')
        return 1;
    column->values = calloc((size_t)rows + 1, kind == 's' ? 16 : 8);
    column->valid = calloc((size_t)rows / 8 + 1, 1);
    return column->values != NULL && column->valid != NULL;
}

static void mark_known(Column *column, int64_t row)
{
    column->valid[row >> 3] |= (Byte)(1 << (row & 7));
}

/* The view of a word that stands at the end of the heap (longer than 12 bytes), which it then owns. */
static void point_to(Column *column, int64_t row, int32_t length)
{
    Byte *view = (Byte *)column->values + 16 * row;
    int32_t tail[2] = {0, (int32_t)column->used};
    memcpy(view, &length, 4);
    memcpy(view + 4, column->heap + column->used, 4);
    memcpy(view + 8, tail, 8);
    column->used += length;
}

static void free_column(Column *column)
{
    free(column->values);
    free(column->valid);
    free(column->heap);
    column->values = column->valid = column->heap = NULL;
}

/* Arrow: what is given on, and how it is given back. */

typedef struct {
    const void *buffers[4];
    int64_t sizes[1];
    void *own[3];
} Held;

static void release_array(struct ArrowArray *array)
{
    for (int64_t k = 0; k < array->n_children; k++) {
        if (array->children[k]->release)
            array->children[k]->release(array->children[k]);
        free(array->children[k]);
    }
    free(array->children);
    Held *held = array->private_data;
    for (int k = 0; k < 3; k++)
        free(held->own[k]);
    free(held);
    array->release = NULL;
}

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t k = 0; k < schema->n_children; k++) {
        if (schema->children[k]->release)
            schema->children[k]->release(schema->children[k]);
        free(schema->children[k]);
    }
    free(schema->children);
    free((void *)schema->name);
    schema->release = NULL;
}

static int describe(struct ArrowSchema *schema, const char *format, Py_ssize_t name, Py_ssize_t children)
{
    char *text = malloc(24);
    *schema = (struct ArrowSchema){.format = format, .name = text, .flags = 2, .release = release_schema};
    schema->children = calloc((size_t)children + 1, sizeof *schema->children);
    if (text == NULL || schema->children == NULL)
        return 0;
    snprintf(text, 24, "%zd", name);
    return 1;
}

static int wrap(struct ArrowArray *array, int64_t length, Py_ssize_t children)
{
    Held *held = calloc(1, sizeof *held);
    *array = (struct ArrowArray){.length = length, .n_buffers = 1, .private_data = held, .release = release_array};
    array->children = calloc((size_t)children + 1, sizeof *array->children);
    if (held == NULL || array->children == NULL)
        return 0;
    array->buffers = held->buffers;
    return 1;
}

static void drop_schema(PyObject *capsule)
{
    struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, "arrow_schema");
    if (schema->release)
        schema->release(schema);
    free(schema);
}

static void drop_array(PyObject *capsule)
{
    struct ArrowArray *array = PyCapsule_GetPointer(capsule, "arrow_array");
    if (array->release)
        array->release(array);
    free(array);
}

static const char *format_of(char kind)
{
    return kind == 'f' ? "g" : kind == 's' ? "vu" : kind == 'b' ? "b" : kind == '-' ? NULL : "l";
}

/* The columns move into the array; out of memory, what has moved is freed with it. */
static PyObject *handed(Column *columns, Py_ssize_t fields, int64_t rows)
{
    struct ArrowSchema *schema = calloc(1, sizeof *schema);
    struct ArrowArray *array = calloc(1, sizeof *array);
    if (schema == NULL || array == NULL || !describe(schema, "+s", 0, fields) || !wrap(array, rows, fields))
        return PyErr_NoMemory();
    for (Py_ssize_t c = 0; c < fields; c++) {
        Column *column = columns + c;
        if (column->kind == '-')
            continue;
        struct ArrowSchema *type = schema->children[schema->n_children] = calloc(1, sizeof *type);
        struct ArrowArray *values = array->children[array->n_children] = calloc(1, sizeof *values);
        if (type == NULL || values == NULL || !describe(type, format_of(column->kind), c, 0) || !wrap(values, rows, 0))
            return PyErr_NoMemory();
        schema->n_children++;
        array->n_children++;
        Held *held = values->private_data;
        held->own[0] = column->valid;
        held->own[1] = column->values;
        held->own[2] = column->heap;
        held->buffers[0] = column->valid;
        held->buffers[1] = column->values;
        values->n_buffers = 2;
        values->null_count = column->nulls;
        if (column->kind == 's') {
            int some = column->used > 0;
            held->sizes[0] = column->used;
            held->buffers[2] = some ? (const void *)column->heap : (const void *)held->sizes;
            held->buffers[3] = held->sizes;
            values->n_buffers = some ? 4 : 3;
        }
        column->values = column->valid = column->heap = NULL;
    }
    return Py_BuildValue("NN", PyCapsule_New(schema, "arrow_schema", drop_schema),
                         PyCapsule_New(array, "arrow_array", drop_array));
}

#endif

/* Rows as PostgreSQL's COPY writes them in binary, as columns in the memory layout of Arrow. See sql/copied.py.
 *
 * A row is the number of its values (2 bytes), then each value: its length (4 bytes, -1: null) and that many bytes, most
 * significant first. Twice over the bytes: first only from length to length, so that what is filled has its size before
 * and cannot be left by what a server claims. Nothing of Python is touched meanwhile. */
#include "_columns.h"

#define DAYS_TO_2000 10957
#define DAY INT64_C(86400000000)

typedef struct {
    const char *why; /* NULL: no memory */
    Py_ssize_t column;
} Fault;

static uint16_t two(const Byte *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t four(const Byte *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t eight(const Byte *at)
{
    return (uint64_t)four(at) << 32 | four(at + 4);
}

/* The whole rows before `end`, and where they end; -1: no rows. `last`: the trailer stands behind them. */
static int64_t count(const Byte *at, const Byte *end, Py_ssize_t fields, const Byte **stop, int *last, Fault *fault)
{
    for (int64_t rows = 0;; rows++) {
        *stop = at;
        if (end - at < 2)
            return rows;
        int16_t values = (int16_t)two(at);
        at += 2;
        if (values == -1) {
            *stop = at;
            *last = 1;
            return rows;
        }
        if (values != fields) {
            *fault = (Fault){"a row of another number of values than was asked for", -1};
            return -1;
        }
        for (Py_ssize_t c = 0; c < fields; c++) {
            if (end - at < 4)
                return rows;
            int32_t size = (int32_t)four(at);
            at += 4;
            if (size < -1) {
                *fault = (Fault){"a value of impossible length", c};
                return -1;
            }
            if (size > end - at)
                return rows;
            at += size > 0 ? size : 0;
        }
    }
}

static const char *whole(const Byte *at, int32_t size, int64_t *into)
{
    switch (size) {
    case 2:
        *into = (int16_t)two(at);
        return NULL;
    case 4:
        *into = (int32_t)four(at);
        return NULL;
    case 8:
        *into = (int64_t)eight(at);
        return NULL;
    }
    return "a whole number that has not 2, 4 or 8 bytes";
}

static const char *number(const Byte *at, int32_t size, double *into)
{
    if (size == 8) {
        uint64_t bits = eight(at);
        memcpy(into, &bits, 8);
        return NULL;
    }
    if (size != 4)
        return "a number that has not 4 or 8 bytes";
    uint32_t bits = four(at);
    float narrow;
    memcpy(&narrow, &bits, 4);
    *into = narrow;
    return NULL;
}

static const char *truth(const Byte *at, int32_t size, Byte *bits, int64_t row)
{
    if (size != 1 || *at > 1)
        return "a truth that is neither true nor false";
    bits[row >> 3] |= (Byte)(*at << (row & 7));
    return NULL;
}

/* Days or microseconds since 2000 -> microseconds since 1970. */
static const char *moment(const Byte *at, int32_t size, int64_t *into)
{
    static const char *ENDLESS = "an infinite moment";
    static const char *FAR = "a moment further from 1970 than microseconds are counted";
    if (size != 4 && size != 8)
        return "a moment that has not 4 or 8 bytes";
    if (size == 8) {
        int64_t since = (int64_t)eight(at);
        if (since == INT64_MAX || since == INT64_MIN)
            return ENDLESS;
        return __builtin_add_overflow(since, DAYS_TO_2000 * DAY, into) ? FAR : NULL;
    }
    int32_t days = (int32_t)four(at);
    if (days == INT32_MAX || days == INT32_MIN)
        return ENDLESS;
    return __builtin_mul_overflow((int64_t)days + DAYS_TO_2000, DAY, into) ? FAR : NULL;
}

static int follows(const Byte *at, const Byte *end, int more)
{
    if (end - at < more)
        return 0;
    for (; more > 0; more--, at++)
        if ((*at & 0xC0) != 0x80)
            return 0;
    return 1;
}

/* As Unicode has it: nothing longer than needed, no halves of pairs, nothing past U+10FFFF. */
static int is_utf8(const Byte *at, const Byte *end)
{
    while (at < end) {
        if (end - at >= 8) {
            uint64_t some;
            memcpy(&some, at, 8);
            if ((some & UINT64_C(0x8080808080808080)) == 0) {
                at += 8;
                continue;
            }
        }
        Byte first = *at++;
        if (first < 0x80)
            continue;
        int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
        if (first < 0xC2 || first > 0xF4 || !follows(at, end, more))
            return 0;
        if ((first == 0xE0 && *at < 0xA0) || (first == 0xED && *at > 0x9F) || (first == 0xF0 && *at < 0x90) ||
            (first == 0xF4 && *at > 0x8F))
            return 0;
        at += more;
    }
    return 1;
}

static const char *word(Column *column, int64_t row, const Byte *at, int32_t size)
{
    if (!is_utf8(at, at + size))
        return "words that are no UTF-8";
    Byte *view = (Byte *)column->values + 16 * row;
    if (size <= 12) {
        memcpy(view, &size, 4);
        memcpy(view + 4, at, (size_t)size);
        return NULL;
    }
    if (column->used > INT32_MAX - size)
        return "more than 2 GB of words in one batch";
    if (!heap_room(column, size))
        return "";
    memcpy(column->heap + column->used, at, (size_t)size);
    point_to(column, row, size);
    return NULL;
}

static const char *put(Column *column, int64_t row, const Byte *at, int32_t size)
{
    mark_known(column, row);
    switch (column->kind) {
    case 'i':
        return whole(at, size, (int64_t *)column->values + row);
    case 'f':
        return number(at, size, (double *)column->values + row);
    case 'b':
        return truth(at, size, column->values, row);
    case 't':
        return moment(at, size, (int64_t *)column->values + row);
    default:
        return word(column, row, at, size);
    }
}

/* Rows that were counted before. */
static int fill(const Byte *at, int64_t rows, Column *columns, Py_ssize_t fields, Fault *fault)
{
    for (int64_t row = 0; row < rows; row++) {
        at += 2;
        for (Py_ssize_t c = 0; c < fields; c++) {
            int32_t size = (int32_t)four(at);
            at += 4;
            if (size < 0) {
                columns[c].nulls++;
                continue;
            }
            const char *why = put(columns + c, row, at, size);
            if (why != NULL) {
                *fault = (Fault){*why ? why : NULL, c};
                return 0;
            }
            at += size;
        }
    }
    return 1;
}

static void refuse(const Fault *fault)
{
    if (fault->why == NULL) {
        PyErr_NoMemory();
        return;
    }
    PyObject *told = Py_BuildValue("(sn)", fault->why, fault->column);
    if (told != NULL)
        PyErr_SetObject(PyExc_ValueError, told);
    Py_XDECREF(told);
}

static PyObject *parsed(const Byte *body, const Byte *at, const Byte *end, const char *kinds, Py_ssize_t fields)
{
    const Byte *stop = at;
    PyObject *capsules = NULL;
    Fault fault = {NULL, -1};
    int64_t rows;
    int last = 0, done = 1;
    Py_BEGIN_ALLOW_THREADS
    rows = count(at, end, fields, &stop, &last, &fault);
    Py_END_ALLOW_THREADS
    Column *columns = rows < 0 ? NULL : calloc((size_t)fields + 1, sizeof *columns);
    for (Py_ssize_t c = 0; columns != NULL && c < fields && done; c++)
        done = prepare(columns + c, kinds[c], rows);
    if (columns != NULL && done) {
        Py_BEGIN_ALLOW_THREADS
        done = fill(at, rows, columns, fields, &fault);
        Py_END_ALLOW_THREADS
        capsules = done ? handed(columns, fields, rows) : NULL;
    }
    if (capsules == NULL && !PyErr_Occurred())
        refuse(&fault);
    for (Py_ssize_t c = 0; columns != NULL && c < fields; c++)
        free_column(columns + c);
    free(columns);
    return capsules == NULL ? NULL
                            : Py_BuildValue("NLnO", capsules, (long long)rows, (Py_ssize_t)(stop - body),
                                            last ? Py_True : Py_False);
}

static PyObject *parse(PyObject *module, PyObject *args)
{
    Py_buffer body;
    const char *kinds;
    Py_ssize_t start, fields;
    PyObject *answer = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*ny#", &body, &start, &kinds, &fields))
        return NULL;
    if (start < 0 || start > body.len || strspn(kinds, "ifbts") != (size_t)fields)
        PyErr_SetString(PyExc_ValueError, "parse: a start within the body and kinds of i, f, b, t, s");
    else
        answer = parsed(body.buf, (const Byte *)body.buf + start, (const Byte *)body.buf + body.len, kinds, fields);
    PyBuffer_Release(&body);
    return answer;
}

static PyMethodDef methods[] = {
    {"parse", parse, METH_VARARGS, "parse(body, start, kinds): see sql/copied.py."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_copied", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__copied(void)
{
    return PyModule_Create(&module);
}

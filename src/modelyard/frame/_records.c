/* Records that are known to have the right number of values, as columns: whole numbers, numbers, moments, words, in the
 * memory layout of Arrow. See parsed.py.
 *
 * Only what every reader reads alike is read here; whatever else stands in a number column is handed back as odd, and
 * is judged elsewhere. Nothing of Python is touched while cells are read, so that blocks are read at once on all cores. */
#define PY_SSIZE_T_CLEAN
#define _GNU_SOURCE
#include <Python.h>
#include <locale.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif
#include "_columns.h"

typedef struct {
    int64_t row;
    uint32_t column;
    int64_t start, end;
} Odd;

typedef struct {
    const Byte *end;
    Byte delimiter;
    int quote;
    Py_ssize_t words;
    Py_buffer word[64];
    Byte starts[256];
    int empty;
    locale_t locale;
} Text;

#define ONES 0x0101010101010101ull
static uint64_t zero_bytes(uint64_t w)
{
    return (w - ONES) & ~w & (ONES << 7);
}

static const Byte *cell_end(const Byte *at, const Byte *end, Byte delimiter)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t d = ONES * delimiter, n = ONES * '\n';
    for (; at + 8 <= end; at += 8) {
        uint64_t w;
        memcpy(&w, at, 8);
        uint64_t found = zero_bytes(w ^ d) | zero_bytes(w ^ n);
        if (found)
            return at + (__builtin_ctzll(found) >> 3);
    }
#endif
    while (at < end && *at != delimiter && *at != '\n')
        at++;
    return at;
}

static int is_null(const Text *text, const Byte *at, Py_ssize_t size)
{
    if (size == 0)
        return text->empty;
    if (!text->starts[*at])
        return 0;
    for (Py_ssize_t k = 0; k < text->words; k++)
        if (text->word[k].len == size && memcmp(text->word[k].buf, at, (size_t)size) == 0)
            return 1;
    return 0;
}

static int whole(const Byte *at, const Byte *end, int64_t *into)
{
    int negative = at < end && *at == '-';
    at += negative;
    Py_ssize_t size = end - at;
    if (size < 1 || size > 18)
        return 0;
    int64_t value = 0;
    for (; at < end; at++) {
        unsigned digit = (unsigned)*at - '0';
        if (digit > 9)
            return 0;
        value = value * 10 + digit;
    }
    *into = negative ? -value : value;
    return 1;
}

static const double POWERS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* -?digits[.digits][e[+-]digits], rounded once: where mantissa and power are both exact, by one operation; else by the
 * C library, which rounds right too. */
static int number(const Text *text, const Byte *at, const Byte *end, double *into)
{
    const Byte *start = at;
    int negative = at < end && *at == '-';
    at += negative;
    uint64_t mantissa = 0;
    int digits = 0, scale = 0, many = 0;
    for (; at < end && (unsigned)*at - '0' <= 9; at++, digits++) {
        many |= mantissa > (1ull << 53);
        mantissa = mantissa * 10 + (unsigned)(*at - '0');
    }
    if (digits == 0)
        return 0;
    if (at < end && *at == '.') {
        const Byte *point = ++at;
        for (; at < end && (unsigned)*at - '0' <= 9; at++) {
            many |= mantissa > (1ull << 53);
            mantissa = mantissa * 10 + (unsigned)(*at - '0');
        }
        scale = (int)(point - at);
        if (scale == 0)
            return 0;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        int down, power = 0, seen = 0;
        at++;
        down = at < end && *at == '-';
        at += at < end && (*at == '-' || *at == '+');
        for (; at < end && (unsigned)*at - '0' <= 9; at++, seen++)
            power = power > 9999 ? power : power * 10 + (*at - '0');
        if (seen == 0)
            return 0;
        scale += down ? -power : power;
    }
    if (at != end)
        return 0;
    double value;
    if (!many && mantissa <= (1ull << 53) && scale >= -22 && scale <= 22) {
        value = scale < 0 ? (double)mantissa / POWERS[-scale] : (double)mantissa * POWERS[scale];
        *into = negative ? -value : value;
        return 1;
    }
    char copy[128];
    if (end - start >= (Py_ssize_t)sizeof copy)
        return 0;
    memcpy(copy, start, (size_t)(end - start));
    copy[end - start] = 0;
    *into = strtod_l(copy, NULL, text->locale);
    return 1;
}

static int two(const Byte *at, int *into)
{
    unsigned high = (unsigned)at[0] - '0', low = (unsigned)at[1] - '0';
    *into = (int)(high * 10 + low);
    return high <= 9 && low <= 9;
}

/* 2013-01-01T05:00:00 or with a blank for the T, or with a Z behind it: microseconds since 1970. */
static int moment(const Byte *at, const Byte *end, int64_t *into, int *shape)
{
    static const int LENGTHS[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int century, year, month, day, hour, minute, second, zoned = end - at == 20 && at[19] == 'Z';
    if (end - at != 19 + zoned || at[4] != '-' || at[7] != '-' || at[13] != ':' || at[16] != ':')
        return 0;
    if (at[10] != 'T' && at[10] != ' ')
        return 0;
    if (!two(at, &century) || !two(at + 2, &year) || !two(at + 5, &month) || !two(at + 8, &day) ||
        !two(at + 11, &hour) || !two(at + 14, &minute) || !two(at + 17, &second))
        return 0;
    year += century * 100;
    if (year < 1 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59)
        return 0;
    int leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day > LENGTHS[month - 1] + leap)
        return 0;
    int64_t y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    *into = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000000;
    *shape = at[10] * 2 + zoned;
    return 1;
}

static int word(Column *column, int64_t row, const Byte *at, Py_ssize_t size, int quote)
{
    Byte *view = (Byte *)column->values + 16 * row;
    int32_t length = 0;
    if (size > 12 && !heap_room(column, size))
        return 0;
    Byte *into = size > 12 ? column->heap + column->used : view + 4;
    if (quote < 0) {
        memcpy(into, at, (size_t)size);
        length = (int32_t)size;
    } else
        for (Py_ssize_t k = 0; k < size; k++) {
            into[length++] = at[k];
            k += at[k] == quote; /* the second of two quotes */
        }
    if (length > 12) {
        point_to(column, row, length);
        return 1;
    }
    if (size > 12)
        memcpy(view + 4, into, (size_t)length);
    memcpy(view, &length, 4);
    return 1;
}

/* 007: a number to a reader, a code to whoever wrote it. */
static int is_code(const Byte *at, const Byte *end)
{
    at += at < end && *at == '-';
    if (end - at < 2 || *at != '0')
        return 0;
    while (at < end && (unsigned)*at - '0' <= 9)
        at++;
    return at == end;
}

/* One cell into its column; 0: odd, -1: no memory. */
static int put(const Text *text, Column *column, int64_t row, const Byte *at, const Byte *end, int quoted)
{
    int done, shape;
    if ((at == end && !quoted) || is_null(text, at, end - at)) {
        column->nulls++;
        return 1;
    }
    switch (column->kind) {
    case 'i':
        done = whole(at, end, (int64_t *)column->values + row);
        column->shape |= is_code(at, end);
        break;
    case 'f':
        done = number(text, at, end, (double *)column->values + row);
        column->shape |= is_code(at, end);
        break;
    case 't':
        done = moment(at, end, (int64_t *)column->values + row, &shape);
        column->shape = !done || (column->shape && column->shape != shape) ? -1 : shape;
        done = 1;
        break;
    default:
        if (!word(column, row, at, end - at, quoted == 2 ? text->quote : -1))
            return -1;
        done = 1;
    }
    if (done)
        mark_known(column, row);
    else
        column->nulls++;
    return done;
}

/* 0: done; 1: no memory; 2: too many odd cells. */
static int fill(const Text *text, const Byte *body, const Byte *at, Py_ssize_t rows, Column *columns, Py_ssize_t fields,
                Odd *odd, Py_ssize_t room, Py_ssize_t *odds)
{
    const Byte *end = text->end;
    for (Py_ssize_t row = 0; row < rows; row++)
        for (Py_ssize_t c = 0; c < fields; c++) {
            const Byte *start = at, *from = at, *to, *stop;
            int quoted = 0;
            if (at < end && *at == text->quote) {
                quoted = 1;
                from = ++at;
                for (;;) {
                    at = memchr(at, text->quote, (size_t)(end - at));
                    if (at == NULL)
                        return 1; /* cannot be: the record was looked at before */
                    if (at + 1 == end || at[1] != text->quote)
                        break;
                    quoted = 2;
                    at += 2;
                }
                to = at++;
                stop = cell_end(at, end, text->delimiter);
            } else {
                to = stop = cell_end(at, end, text->delimiter);
                to -= to > from && to[-1] == '\r'; /* as polars has it, in any cell */
            }
            if (columns[c].kind != '-') {
                int done = put(text, columns + c, row, from, to, quoted);
                if (done < 0)
                    return 1;
                if (done == 0) {
                    if (*odds == room)
                        return 2;
                    odd[(*odds)++] = (Odd){row, (uint32_t)c, start - body, stop - body};
                }
            }
            at = stop < end ? stop + 1 : end;
        }
    return 0;
}

static PyObject *odd_list(const Odd *odd, Py_ssize_t odds)
{
    PyObject *list = PyList_New(odds);
    for (Py_ssize_t k = 0; list != NULL && k < odds; k++) {
        PyObject *one = Py_BuildValue("nInn", (Py_ssize_t)odd[k].row, odd[k].column, (Py_ssize_t)odd[k].start,
                                      (Py_ssize_t)odd[k].end);
        if (one == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, k, one);
    }
    return list;
}

static PyObject *shapes(const Column *columns, Py_ssize_t fields)
{
    PyObject *list = PyList_New(fields);
    for (Py_ssize_t c = 0; list != NULL && c < fields; c++)
        PyList_SET_ITEM(list, c, PyLong_FromLong(columns[c].shape));
    return list;
}

static PyObject *parse(PyObject *module, PyObject *args)
{
    Py_buffer view;
    int delimiter, quote;
    Py_ssize_t start, end, rows, fields, odds = 0;
    const char *kinds;
    PyObject *words, *answer = NULL;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*nnniiy#O!", &view, &start, &end, &rows, &delimiter, &quote, &kinds, &fields,
                          &PyTuple_Type, &words))
        return NULL;
    Text text = {.end = (const Byte *)view.buf + end, .delimiter = (Byte)delimiter, .quote = quote};
    Py_ssize_t room = rows / 16 + 64;
    Column *columns = calloc((size_t)fields + 1, sizeof *columns);
    Odd *odd = malloc((size_t)room * sizeof *odd);
    text.locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    int failed = columns == NULL || odd == NULL || text.locale == (locale_t)0;
    for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(words) && k < 64 && !failed; k++) {
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(words, k), text.word + k, PyBUF_SIMPLE) < 0) {
            failed = 1;
            break;
        }
        text.words++;
        if (text.word[k].len)
            text.starts[*(Byte *)text.word[k].buf] = 1;
        else
            text.empty = 1;
    }
    for (Py_ssize_t c = 0; c < fields && !failed; c++)
        failed = !prepare(columns + c, kinds[c], rows);
    if (!failed) {
        Py_BEGIN_ALLOW_THREADS
        failed = fill(&text, view.buf, (const Byte *)view.buf + start, rows, columns, fields, odd, room, &odds);
        Py_END_ALLOW_THREADS
        if (failed == 2)
            answer = Py_NewRef(Py_None);
        else if (!failed) {
            PyObject *list = odd_list(odd, odds), *seen = shapes(columns, fields);
            PyObject *capsules = list && seen ? handed(columns, fields, rows) : NULL;
            answer = capsules ? Py_BuildValue("NNN", capsules, list, seen) : NULL;
        }
    }
    if (answer == NULL && !PyErr_Occurred())
        PyErr_NoMemory();
    for (Py_ssize_t k = 0; k < text.words; k++)
        PyBuffer_Release(text.word + k);
    for (Py_ssize_t c = 0; columns != NULL && c < fields; c++)
        free_column(columns + c);
    free(columns);
    free(odd);
    if (text.locale != (locale_t)0)
        freelocale(text.locale);
    PyBuffer_Release(&view);
    return answer;
}

static PyMethodDef methods[] = {
    {"parse", parse, METH_VARARGS, "parse(body, start, end, rows, delimiter, quote, kinds, null_words): see parsed.py."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_records", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__records(void)
{
    return PyModule_Create(&module);
}

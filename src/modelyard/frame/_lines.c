/* One pass over delimited text: which records parse, and where the others lie. See lines.py, whose Python twin gives
 * the same answer for any bytes. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

enum { GOOD, BLANK, FEW, MANY, STRAY, UNCLOSED, POISON };

typedef struct {
    const unsigned char *end;
    unsigned char special[256];
    int delimiter, quote;
} Text;

/* The end of the record at `at` (its newline, or the end of the text); how many values it has; what is wrong. */
static const unsigned char *record(const Text *text, const unsigned char *at, Py_ssize_t *values, int *wrong)
{
    const unsigned char *end = text->end;
    *values = 1;
    *wrong = GOOD;
    for (;;) {
        if (at < end && *at == text->quote && text->quote >= 0) {
            at++;
            for (;;) {
                at = memchr(at, text->quote, (size_t)(end - at));
                if (at == NULL) {
                    *wrong = UNCLOSED;
                    return end;
                }
                at++;
                if (at == end || *at != text->quote)
                    break;
                at++;
            }
            if (at < end && *at != '\n' && *at != text->delimiter && !(*at == '\r' && (at + 1 == end || at[1] == '\n'))) {
                *wrong = STRAY;
                return at;
            }
        }
        while (at < end && !text->special[*at])
            at++;
        if (at == end || *at == '\n')
            return at;
        if (*at != text->delimiter) {
            *wrong = STRAY;
            return at;
        }
        ++*values;
        at++;
    }
}

/* The same for a line that holds no quote: what nearly all lines are, and what a processor does in wide steps. */
static const unsigned char *plain(const Text *text, const unsigned char *at, Py_ssize_t *values)
{
    const unsigned char *stop = memchr(at, '\n', (size_t)(text->end - at));
    const unsigned char delimiter = (unsigned char)text->delimiter;
    unsigned found = 1;
    stop = stop == NULL ? text->end : stop;
    for (; at < stop; at++)
        found += *at == delimiter;
    *values = found;
    return stop;
}

static int noted(PyObject *list, PyObject *entry)
{
    int failed = entry == NULL || PyList_Append(list, entry) < 0;
    Py_XDECREF(entry);
    return failed;
}

static Py_ssize_t newlines(const unsigned char *at, const unsigned char *end)
{
    Py_ssize_t count = 0;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        count++;
        at++;
    }
    return count;
}

static PyObject *scan(PyObject *module, PyObject *args)
{
    Py_buffer view;
    int delimiter, quote;
    Py_ssize_t fields = 0, good = 0, line = 1, longest = -1, next_wanted = 0, next_poison = 0;
    PyObject *wanted, *poison, *bad = PyList_New(0), *places = PyList_New(0);
    (void)module;
    if (bad == NULL || places == NULL ||
        !PyArg_ParseTuple(args, "y*iiO!O!|nnn", &view, &delimiter, &quote, &PyList_Type, &wanted, &PyList_Type, &poison,
                          &fields, &line, &longest))
        return NULL;
    const unsigned char *body = view.buf, *at = body;
    Text text = {.end = body + view.len, .delimiter = delimiter, .quote = quote};
    text.special['\n'] = text.special[delimiter] = 1;
    if (quote >= 0)
        text.special[quote] = 1;
    const unsigned char *quoted = quote < 0 ? NULL : memchr(at, quote, (size_t)view.len);
    int failed = 0;
    while (at < text.end && !failed) {
        Py_ssize_t values, lines = 1;
        int wrong = GOOD;
        if (quoted != NULL && quoted < at)
            quoted = memchr(at, quote, (size_t)(text.end - at));
        const unsigned char *stop = plain(&text, at, &values);
        if (quoted != NULL && quoted < stop)
            stop = record(&text, at, &values, &wrong);
        if (longest >= 0 && wrong != STRAY && stop == text.end && (wrong == GOOD || text.end - at <= longest))
            break; /* more is to come, and this record may go on there */
        if (wrong != GOOD) {
            stop = memchr(at, '\n', (size_t)(text.end - at));
            if (longest >= 0 && stop == NULL && text.end - at <= longest)
                break;
            stop = stop == NULL ? text.end : stop;
        } else {
            lines += quoted != NULL && quoted < stop ? newlines(at, stop) : 0;
            int blank = stop == at || (stop == at + 1 && *at == '\r');
            if (blank && fields != 1)
                wrong = BLANK;
            else if (fields == 0)
                fields = values;
            else if (values != fields)
                wrong = values < fields ? FEW : MANY;
        }
        const unsigned char *after = stop < text.end ? stop + 1 : text.end;
        while (next_poison < PyList_GET_SIZE(poison) &&
               PyLong_AsSsize_t(PyList_GET_ITEM(poison, next_poison)) < after - body) {
            wrong = POISON;
            next_poison++;
        }
        if (wrong != GOOD) {
            failed = noted(bad, Py_BuildValue("nnni", at - body, after - body, line, wrong));
        } else {
            if (next_wanted < PyList_GET_SIZE(wanted) &&
                PyLong_AsSsize_t(PyList_GET_ITEM(wanted, next_wanted)) == good) {
                failed = noted(places, Py_BuildValue("nnn", at - body, after - body, line));
                next_wanted++;
            }
            good++;
        }
        line += lines;
        at = after;
    }
    PyBuffer_Release(&view);
    PyObject *answer = failed || PyErr_Occurred() ? NULL : Py_BuildValue("nnOOnn", good, fields, bad, places, at - body, line);
    Py_DECREF(bad);
    Py_DECREF(places);
    return answer;
}

static PyMethodDef methods[] = {
    {"scan", scan, METH_VARARGS, "scan(body, delimiter, quote, wanted, poison, fields, line, longest): see lines.py."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_lines", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__lines(void)
{
    return PyModule_Create(&module);
}

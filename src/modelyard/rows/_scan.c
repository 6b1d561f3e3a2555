/* One pass over a JSON body: what a parser does not tell. See scan.py, whose Python twin gives the same three numbers. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static PyObject *scan(PyObject *module, PyObject *body)
{
    Py_buffer view;
    Py_ssize_t colons = 0, depth = 0, deepest = 0, longest = 0;
    (void)module;
    if (PyObject_GetBuffer(body, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    const unsigned char *at = view.buf, *end = at + view.len;
    while (at < end) {
        switch (*at++) {
        case ':':
            colons++;
            break;
        case '{':
        case '[':
            if (++depth > deepest)
                deepest = depth;
            break;
        case '}':
        case ']':
            depth--;
            break;
        case '"': {
            const unsigned char *start = at;
            while (at < end && *at != '"')
                at += (*at == '\\' && at + 1 < end) ? 2 : 1;
            if (at - start > longest)
                longest = at - start;
            if (at < end)
                at++;
            break;
        }
        default:
            break;
        }
    }
    PyBuffer_Release(&view);
    return Py_BuildValue("(nnn)", colons, deepest, longest);
}

static PyMethodDef methods[] = {
    {"scan", scan, METH_O, "scan(body) -> (colons outside strings, deepest nesting, longest string in bytes)"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_scan", NULL, 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__scan(void) { return PyModuleDef_Init(&definition); }

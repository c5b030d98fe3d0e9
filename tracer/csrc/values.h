/* Values as tracer/capture.py captures them: shallow, bounded, and without running the program's code.

   In the hook a value is written as a few words of 64 bits: a tag, then what it needs. Atoms (texts, numbers)
   and names are kept by reference, anything else as its class's name and its id. Nothing here may run Python
   code or collect garbage, as another thread could then take the half-written event. The tuples that
   capture() would have given are made when the events are taken. */
#ifndef FLASKTRACE_VALUES_H
#define FLASKTRACE_VALUES_H

#include "frames.h"

#define MAX_TEXT_CHARS 120
#define MAX_ITEMS 4
#define ATOM_WORDS 4                                    /* the most that a value without items takes */
#define PAIR_WORDS (3 + 2 * ATOM_WORDS)
#define VALUE_WORDS (3 + MAX_ITEMS * PAIR_WORDS)

typedef uint64_t Word;

/* The low byte of a value's first word; what follows it, and what the upper bytes hold. */
enum {
    V_NONE,
    V_TRUE,
    V_FALSE,
    V_OBJECT,    /* an object that is its own text, or was made by Python */
    V_FLOAT,     /* the float */
    V_OTHER,     /* id, the name of its class */
    V_OTHER_C,   /* id, the full name of its static class as a C string */
    V_CUT,       /* id, the beginning of a str or bytes */
    V_INT,       /* id, the number of its bits */
    V_FUNCTION,  /* id, its qualified name */
    V_METHOD,    /* id, a name; NULL and a C string: the name of its function's static class */
    V_BUILTIN,   /* id, its name */
    V_CLASS,     /* id, its qualified name */
    V_CLASS_C,   /* id, its full name as a C string */
    V_MODULE,    /* id, its name or NULL */
    V_ITEMS,     /* id, length; then the items, whose number is in the third byte */
    V_UNWOUND,   /* an exception: its text, the name of its class or NULL, its static class as a C string */
    V_DEEP       /* id, length; a container in a container, whose items are left out */
};
/* The second byte of V_ITEMS and V_DEEP: which container. */
enum { K_LIST, K_TUPLE, K_DICT, K_SET, K_FROZENSET };
static const char *const KIND_NAMES[] = {"list", "tuple", "dict", "set", "frozenset"};

/* The constants of capture.py, which are told apart by identity; capture.exception_text. */
static PyObject *captured_none, *captured_true, *captured_false, *exception_text;

static inline Word
reference(PyObject *object)
{
    Py_INCREF(object);
    return (Word)(uintptr_t)object;
}

static inline Word
identity(PyObject *object)
{
    return (Word)(uintptr_t)object;
}

static inline int
is_heap_type(PyTypeObject *type)
{
    return (type->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0;
}

static Word *
put_other(Word *at, PyObject *value, PyTypeObject *type)
{
    at[1] = identity(value);
    if (is_heap_type(type)) {
        at[0] = V_OTHER;
        at[2] = reference(((PyHeapTypeObject *)type)->ht_name);
    }
    else {
        at[0] = V_OTHER_C;
        at[2] = (Word)(uintptr_t)type->tp_name;
    }
    return at + 3;
}

/* A text by reference when it is short, else its beginning. */
static Word *
put_text(Word *at, PyObject *value, Py_ssize_t length)
{
    if (length <= MAX_TEXT_CHARS) {
        at[0] = V_OBJECT;
        at[1] = reference(value);
        return at + 2;
    }
    PyObject *part = PyUnicode_CheckExact(value)
                         ? PyUnicode_Substring(value, 0, MAX_TEXT_CHARS)
                         : PyBytes_FromStringAndSize(PyBytes_AS_STRING(value), MAX_TEXT_CHARS);
    if (part == NULL) {
        PyErr_Clear();
        return put_other(at, value, Py_TYPE(value));
    }
    at[0] = V_CUT;
    at[1] = identity(value);
    at[2] = (Word)(uintptr_t)part;
    return at + 3;
}

static Word *
put_int(Word *at, PyObject *value)
{
    int overflow;
    (void)PyLong_AsLongLongAndOverflow(value, &overflow);
    if (!overflow) {
        at[0] = V_OBJECT;
        at[1] = reference(value);
        return at + 2;
    }
    at[0] = V_INT;
    at[1] = identity(value);
    at[2] = (Word)_PyLong_NumBits(value);
    return at + 3;
}

static Word *
put_method(Word *at, PyObject *value)
{
    PyObject *function = PyMethod_GET_FUNCTION(value);
    PyTypeObject *type = Py_TYPE(function);
    at[0] = V_METHOD;
    at[1] = identity(value);
    if (type == &PyFunction_Type) {
        at[2] = reference(((PyFunctionObject *)function)->func_qualname);
    }
    else if (is_heap_type(type)) {
        at[2] = reference(((PyHeapTypeObject *)type)->ht_name);
    }
    else {
        at[2] = 0;
        at[3] = (Word)(uintptr_t)type->tp_name;
    }
    return at + 4;
}

/* Not by a look-up, which may compare with keys of the program's: the name is among a module's first. */
static Word *
put_module(Word *at, PyObject *value)
{
    PyObject *names = PyModule_GetDict(value), *key, *found;
    Py_ssize_t position = 0;
    at[0] = V_MODULE;
    at[1] = identity(value);
    at[2] = 0;
    while (names != NULL && PyDict_Next(names, &position, &key, &found)) {
        if (PyUnicode_CheckExact(key) && PyUnicode_CompareWithASCIIString(key, "__name__") == 0) {
            at[2] = PyUnicode_CheckExact(found) ? reference(found) : 0;
            break;
        }
    }
    return at + 3;
}

static Word *
put_named(Word *at, Word tag, PyObject *value, PyObject *name)
{
    if (name == NULL) {
        PyErr_Clear();
        return put_other(at, value, Py_TYPE(value));
    }
    at[0] = tag;
    at[1] = identity(value);
    at[2] = (Word)(uintptr_t)name;
    return at + 3;
}

static Word *
put_class(Word *at, PyObject *value)
{
    PyTypeObject *type = (PyTypeObject *)value;
    at[1] = identity(value);
    if (is_heap_type(type)) {
        at[0] = V_CLASS;
        at[2] = reference(((PyHeapTypeObject *)type)->ht_qualname);
    }
    else {
        at[0] = V_CLASS_C;
        at[2] = (Word)(uintptr_t)type->tp_name;
    }
    return at + 3;
}

/* The kind of an exact container, and its length; -1 for anything else. */
static inline int
container_kind(PyObject *value, Py_ssize_t *length)
{
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyDict_Type) {
        *length = PyDict_GET_SIZE(value);
        return K_DICT;
    }
    if (type == &PyTuple_Type) {
        *length = PyTuple_GET_SIZE(value);
        return K_TUPLE;
    }
    if (type == &PyList_Type) {
        *length = PyList_GET_SIZE(value);
        return K_LIST;
    }
    if (type == &PySet_Type || type == &PyFrozenSet_Type) {
        *length = PySet_GET_SIZE(value);
        return type == &PySet_Type ? K_SET : K_FROZENSET;
    }
    return -1;
}

/* A value that is no container. */
static Word *
put_single(Word *at, PyObject *value)
{
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyUnicode_Type) {
        return put_text(at, value, PyUnicode_GET_LENGTH(value));
    }
    if (type == &PyLong_Type) {
        return put_int(at, value);
    }
    if (type == &PyBool_Type) {
        at[0] = value == Py_True ? V_TRUE : V_FALSE;
        return at + 1;
    }
    if (type == &PyBytes_Type) {
        return put_text(at, value, PyBytes_GET_SIZE(value));
    }
    if (type == &PyFunction_Type) {
        PyObject *name = ((PyFunctionObject *)value)->func_qualname;
        return put_named(at, V_FUNCTION, value, Py_NewRef(name));
    }
    if (type == &PyMethod_Type) {
        return put_method(at, value);
    }
    if (type == &PyFloat_Type) {
        at[0] = V_FLOAT;
        at[1] = reference(value);
        return at + 2;
    }
    if (type == &PyType_Type) {
        return put_class(at, value);
    }
    if (type == &PyCFunction_Type) {
        const char *name = ((PyCFunctionObject *)value)->m_ml->ml_name;
        return put_named(at, V_BUILTIN, value, PyUnicode_FromString(name));
    }
    if (type == &PyModule_Type) {
        return put_module(at, value);
    }
    return put_other(at, value, type);
}

/* An item of a container: never deeper than one level. */
static Word *
put_atom(Word *at, PyObject *value)
{
    Py_ssize_t length;
    if (value == Py_None) {
        at[0] = V_NONE;
        return at + 1;
    }
    int kind = container_kind(value, &length);
    if (kind < 0) {
        return put_single(at, value);
    }
    at[0] = V_DEEP | (Word)kind << 8;
    at[1] = identity(value);
    at[2] = (Word)length;
    return at + 3;
}

/* A dict's key; a text of a class of its own (a StrEnum) is kept as text, as it names the value. */
static Word *
put_key(Word *at, PyObject *key)
{
    if (!PyUnicode_Check(key) || PyUnicode_CheckExact(key)) {
        return put_atom(at, key);
    }
    PyObject *text = PyUnicode_FromObject(key); /* a plain copy, which asks nothing of the class */
    if (text == NULL) {
        PyErr_Clear();
        return put_atom(at, key);
    }
    at = put_text(at, text, PyUnicode_GET_LENGTH(text));
    Py_DECREF(text);
    return at;
}

/* An item of a list or tuple; a pair of atoms is kept whole, as headers are such pairs. */
static Word *
put_item(Word *at, PyObject *value)
{
    if (!PyTuple_CheckExact(value) || PyTuple_GET_SIZE(value) != 2) {
        return put_atom(at, value);
    }
    at[0] = V_ITEMS | (Word)K_TUPLE << 8 | (Word)2 << 16;
    at[1] = identity(value);
    at[2] = 2;
    return put_atom(put_atom(at + 3, PyTuple_GET_ITEM(value, 0)), PyTuple_GET_ITEM(value, 1));
}

static Word *
put_items(Word *at, PyObject *value, int kind, Py_ssize_t length)
{
    Word *first = at, count = 0;
    at += 3;
    if (kind == K_LIST || kind == K_TUPLE) {
        PyObject **items = PySequence_Fast_ITEMS(value);
        for (; count < MAX_ITEMS && (Py_ssize_t)count < length; count++) {
            at = put_item(at, items[count]);
        }
    }
    else if (kind == K_DICT) {
        PyObject *key, *item;
        Py_ssize_t position = 0;
        for (; count < MAX_ITEMS && PyDict_Next(value, &position, &key, &item); count++) {
            at = put_atom(put_key(at, key), item);
        }
    }
    else {
        PyObject *item;
        Py_ssize_t position = 0;
        Py_hash_t hash;
        for (; count < MAX_ITEMS && _PySet_NextEntry(value, &position, &item, &hash); count++) {
            at = put_atom(at, item);
        }
    }
    first[0] = V_ITEMS | (Word)kind << 8 | count << 16;
    first[1] = identity(value);
    first[2] = (Word)length;
    return at;
}

/* Write a value (NULL counts as None); there must be room for VALUE_WORDS. Gives the place behind it. */
static inline Word *
put_value(Word *at, PyObject *value)
{
    if (value == NULL || value == Py_None) {
        at[0] = V_NONE;
        return at + 1;
    }
    if (PyUnicode_CheckExact(value)) {
        return put_text(at, value, PyUnicode_GET_LENGTH(value));
    }
    Py_ssize_t length;
    int kind = container_kind(value, &length);
    return kind < 0 ? put_single(at, value) : put_items(at, value, kind, length);
}

/* The text of an exception (new), as capture.exception_text() gives it; it is asked where the text is not plain.
   NULL, with an exception set, where it failed. */
static PyObject *
text_of_exception(PyObject *error)
{
    PyObject *args = ((PyBaseExceptionObject *)error)->args;
    if (args != NULL && PyTuple_CheckExact(args) && PyTuple_GET_SIZE(args) == 0) {
        return PyUnicode_FromStringAndSize(NULL, 0);
    }
    if (args != NULL && PyTuple_CheckExact(args) && PyTuple_GET_SIZE(args) == 1) {
        PyObject *text = PyTuple_GET_ITEM(args, 0);
        if (PyUnicode_CheckExact(text) && PyUnicode_IS_ASCII(text) && PyUnicode_GET_LENGTH(text) <= MAX_TEXT_CHARS) {
            const Py_UCS1 *at = PyUnicode_1BYTE_DATA(text), *end = at + PyUnicode_GET_LENGTH(text);
            while (at < end && *at >= ' ' && *at < 0x7f) {
                at++;
            }
            if (at == end) {
                return Py_NewRef(text);
            }
        }
    }
    return PyObject_CallOneArg(exception_text, error);
}

/* In place of a value: the call was left by an exception; the text is taken over. */
static Word *
put_unwound(Word *at, PyObject *error, PyObject *text)
{
    PyTypeObject *type = Py_TYPE(error);
    at[0] = V_UNWOUND;
    at[1] = (Word)(uintptr_t)text;
    at[2] = is_heap_type(type) ? reference(((PyHeapTypeObject *)type)->ht_name) : 0;
    at[3] = (Word)(uintptr_t)type->tp_name;
    return at + 4;
}

/* --- Reading: every function gives a new reference, and takes over those that the words held. --- */

static PyObject *get_value(const Word **from);

static PyObject *
owned(Word word)
{
    return (PyObject *)(uintptr_t)word;
}

/* A static class calls itself by what is behind the last dot. */
static PyObject *
name_in_c(Word word)
{
    const char *full = (const char *)(uintptr_t)word, *dot = strrchr(full, '.');
    return PyUnicode_InternFromString(dot == NULL ? full : dot + 1);
}

/* ("kind", id, "text"), the text of a name that is taken over. */
static PyObject *
described(const char *kind, Word id, const char *format, PyObject *name)
{
    PyObject *text = name == NULL ? NULL : PyUnicode_FromFormat(format, name);
    Py_XDECREF(name);
    return text == NULL ? NULL : Py_BuildValue("sKN", kind, (unsigned long long)id, text);
}

static PyObject *
get_pair(const Word **from)
{
    PyObject *key = get_value(from), *item = get_value(from);
    PyObject *pair = key == NULL || item == NULL ? NULL : PyTuple_Pack(2, key, item);
    Py_XDECREF(key);
    Py_XDECREF(item);
    return pair;
}

static PyObject *
get_items(Word head, const Word **from)
{
    int kind = (int)(head >> 8 & 0xff);
    Py_ssize_t count = (Py_ssize_t)(head >> 16);
    Word id = *(*from)++, length = *(*from)++;
    PyObject *items = PyTuple_New(count);
    int failed = items == NULL;
    for (Py_ssize_t i = 0; i < count; i++) { /* all are read, whatever fails: they hold references */
        PyObject *item = kind == K_DICT ? get_pair(from) : get_value(from);
        failed |= item == NULL;
        if (items == NULL) {
            Py_XDECREF(item);
        }
        else {
            PyTuple_SET_ITEM(items, i, item);
        }
    }
    if (failed) {
        Py_XDECREF(items);
        return NULL;
    }
    return Py_BuildValue("sKKN", KIND_NAMES[kind], (unsigned long long)id, (unsigned long long)length, items);
}

/* Let go of a value unread, and move on to what is behind it. */
static void
drop_value(const Word **from)
{
    Word head = *(*from)++;
    Word tag = head & 0xff;
    if (tag <= V_FALSE) {
        return;
    }
    if (tag == V_OBJECT || tag == V_FLOAT) {
        Py_DECREF(owned(*(*from)++));
        return;
    }
    Word first = *(*from)++, second = *(*from)++;
    if (tag == V_ITEMS) {
        Word count = (head >> 16) << ((head >> 8 & 0xff) == K_DICT);
        for (Word i = 0; i < count; i++) {
            drop_value(from);
        }
    }
    else if (tag != V_OTHER_C && tag != V_CLASS_C && tag != V_INT && tag != V_DEEP) {
        Py_XDECREF(owned(second));
        if (tag == V_METHOD || tag == V_UNWOUND) {
            (*from)++;
        }
        if (tag == V_UNWOUND) {
            Py_DECREF(owned(first));
        }
    }
}

/* Read a value and move on to what is behind it. */
static PyObject *
get_value(const Word **from)
{
    Word head = *(*from)++;
    Word tag = head & 0xff;
    if (tag == V_NONE) {
        return Py_NewRef(captured_none);
    }
    if (tag == V_TRUE || tag == V_FALSE) {
        return Py_NewRef(tag == V_TRUE ? captured_true : captured_false);
    }
    if (tag == V_OBJECT) {
        return owned(*(*from)++);
    }
    if (tag == V_ITEMS) {
        return get_items(head, from);
    }
    if (tag == V_FLOAT) {
        PyObject *number = owned(*(*from)++);
        Word id = identity(number);
        return described("float", id, "%R", number);
    }
    Word id = *(*from)++, word = *(*from)++;
    unsigned long long number = (unsigned long long)word;
    switch (tag) {
    case V_OTHER:
        return Py_BuildValue("NK", owned(word), (unsigned long long)id);
    case V_OTHER_C:
        return Py_BuildValue("NK", name_in_c(word), (unsigned long long)id);
    case V_CUT:
        return Py_BuildValue("sKN", PyUnicode_CheckExact(owned(word)) ? "str" : "bytes",
                             (unsigned long long)id, owned(word));
    case V_INT:
        return Py_BuildValue("sKN", "int", (unsigned long long)id,
                             PyUnicode_FromFormat("<int of %zu bits>", (size_t)number));
    case V_FUNCTION:
        return described("function", id, "<function %U>", owned(word));
    case V_METHOD: {
        Word in_c = *(*from)++;
        return described("method", id, "<method %U>", word ? owned(word) : name_in_c(in_c));
    }
    case V_UNWOUND: {
        Word in_c = *(*from)++;
        PyObject *name = word ? owned(word) : name_in_c(in_c);
        PyObject *plain = name == NULL ? NULL : PyUnicode_FromObject(name); /* of a class of names, a copy */
        Py_XDECREF(name);
        return Py_BuildValue("[NN]", plain, owned(id)); /* a list, as no value is */
    }
    case V_BUILTIN:
        return described("builtin_function_or_method", id, "<built-in %U>", owned(word));
    case V_CLASS:
        return described("type", id, "<class %U>", owned(word));
    case V_CLASS_C:
        return described("type", id, "<class %U>", name_in_c(word));
    case V_MODULE:
        if (word == 0) {
            return Py_BuildValue("sKs", "module", (unsigned long long)id, "<module>");
        }
        return described("module", id, "<module %U>", owned(word));
    default: /* V_DEEP */
        return Py_BuildValue("sKKO", KIND_NAMES[head >> 8 & 0xff], (unsigned long long)id, number, Py_None);
    }
}

#endif

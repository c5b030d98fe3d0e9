/* The events of one thread: a buffer that the hook appends to, and streams.py's EventList to Python.

   An event is a head (what it is, and its length in words), its time, and what its kind needs; see
   put_call and the others. A whole event is written before it counts, and nothing in between gives way to
   another thread. */
#ifndef FLASKTRACE_EVENTS_H
#define FLASKTRACE_EVENTS_H

#include "clock.h"
#include "values.h"

/* The low byte of a head. The next three have the event's length in words, the upper half its lasti: the
   caller's of a call, the own one of a return. Of a short event the head has all but the time. */
enum {
    E_CALL = 1,       /* time, code; of a generator: its frame, its own lasti; values */
    E_RETURN = 2,     /* time, code; of a generator: its frame; a value */
    E_NOTE = 3,       /* a time in ns, two objects: what Python has to tell */
    E_KIND = 0x0f,
    F_GENERATOR = 0x10,
    F_VALUES = 0x20,
    F_SHORT = 0x40    /* a call or return that has nothing but its code */
};
#define HEAD_WORDS 5
#define SHORT_WORDS 2

/* A short head has the lasti, which is even, from its bit 7 on, and the code's address, whose low four bits are 0,
   from bit 16 on: the lowest bits of both fall on what is there before them, and are none. */
#define SHORT_LASTI_AT 7
#define SHORT_LASTI_BITS 0x1ffe
#define SHORT_CODE_AT 16
#define SHORT_CODE_BITS 0xfffffffffff0

static inline size_t
event_words(Word head)
{
    return head & F_SHORT ? SHORT_WORDS : (size_t)(head >> 8 & 0xffffff);
}

static inline int64_t
event_lasti(Word head)
{
    return head & F_SHORT ? (int64_t)(head >> SHORT_LASTI_AT & SHORT_LASTI_BITS) : (int32_t)(head >> 32);
}

/* The code of a call or a return: a reference that the event holds. */
static inline PyObject *
event_code(const Word *head)
{
    return owned(head[0] & F_SHORT ? head[0] >> SHORT_CODE_AT & SHORT_CODE_BITS : head[2]);
}

typedef struct {
    PyObject_HEAD
    Word *words;
    size_t used, room;
    Py_ssize_t count;
} Events;

static PyTypeObject Events_Type;

/* Room for an event with this many values; NULL, with no exception set, where there is no memory. */
static inline Word *
events_reserve(Events *events, size_t value_count)
{
    size_t wanted = events->used + HEAD_WORDS + value_count * VALUE_WORDS;
    if (wanted > events->room) {
        size_t room = wanted > events->room * 2 ? wanted + 4096 : events->room * 2;
        Word *words = PyMem_RawRealloc(events->words, room * sizeof(Word));
        if (words == NULL) {
            return NULL;
        }
        events->words = words;
        events->room = room;
    }
    return events->words + events->used;
}

static inline void
events_commit(Events *events, Word *head, Word *end, Word kind, int64_t lasti)
{
    head[0] = kind | (Word)(end - head) << 8 | (Word)(uint32_t)lasti << 32;
    events->used += (size_t)(end - head);
    events->count++;
}

/* An event of which the time is written; short, if its parts have room in a head, as nearly all do. */
static inline void
events_commit_plain(Events *events, Word *head, Word kind, PyObject *code, int64_t lasti)
{
    Word address = reference(code);
    if (((Word)lasti & ~(Word)SHORT_LASTI_BITS) == 0 && (address & ~(Word)SHORT_CODE_BITS) == 0) {
        head[0] = kind | F_SHORT | (Word)lasti << SHORT_LASTI_AT | address << SHORT_CODE_AT;
        events->used += SHORT_WORDS;
        events->count++;
        return;
    }
    head[2] = address;
    events_commit(events, head, head + 3, kind, lasti);
}

static PyObject *
events_extend(Events *self, PyObject *event)
{
    PyObject *parts = PySequence_Tuple(event);
    if (parts == NULL) {
        return NULL;
    }
    Word *head = NULL;
    if (PyTuple_GET_SIZE(parts) == 4 && PyTuple_GET_ITEM(parts, 0) == Py_None) {
        int64_t ns = PyLong_AsLongLong(PyTuple_GET_ITEM(parts, 1));
        if (ns == -1 && PyErr_Occurred()) {
            Py_DECREF(parts);
            return NULL;
        }
        head = events_reserve(self, 0);
        if (head != NULL) {
            head[1] = (Word)ns;
            head[2] = reference(PyTuple_GET_ITEM(parts, 2));
            head[3] = reference(PyTuple_GET_ITEM(parts, 3));
            events_commit(self, head, head + 4, E_NOTE, 0);
        }
        else {
            PyErr_NoMemory();
        }
    }
    else {
        PyErr_SetString(PyExc_ValueError, "only a note, (None, time_ns, what, kind), can be added");
    }
    Py_DECREF(parts);
    if (head == NULL) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static int64_t
event_ns(const Word *head, const Clock *clock)
{
    return (head[0] & E_KIND) == E_NOTE ? (int64_t)head[1] : clock_ns(clock, head[1]);
}

/* (values, ...) of a call, or None. */
static PyObject *
get_detail(const Word *at, const Word *end, Word kind)
{
    if (!(kind & F_VALUES)) {
        Py_RETURN_NONE;
    }
    PyObject *list = PyList_New(0);
    int failed = list == NULL;
    while (at < end) { /* to the end, whatever fails: the words hold references */
        PyObject *value = get_value(&at);
        failed |= value == NULL || (list != NULL && PyList_Append(list, value) < 0);
        Py_XDECREF(value);
    }
    PyObject *detail = failed ? NULL : PyList_AsTuple(list);
    Py_XDECREF(list);
    return detail;
}

/* Set the four slots of an event in a new list; the slots take over what its words held. */
static int
get_event(const Word *head, const Word *end, const Clock *clock, PyObject *list, Py_ssize_t at)
{
    Word kind = head[0];
    PyObject *slots[4] = {NULL, PyLong_FromLongLong(event_ns(head, clock)), NULL, NULL};
    if ((kind & E_KIND) == E_NOTE) {
        slots[0] = Py_NewRef(Py_None);
        slots[2] = owned(head[2]);
        slots[3] = owned(head[3]);
    }
    else {
        const Word *rest = head + 3;
        int is_return = (kind & E_KIND) == E_RETURN;
        slots[0] = event_code(head);
        slots[2] = PyLong_FromLongLong(is_return ? -2 - event_lasti(kind) : event_lasti(kind));
        if (!is_return && kind & F_GENERATOR) {
            PyObject *detail = get_detail(rest + 2, end, kind);
            if (detail != NULL) {
                slots[3] = Py_BuildValue("KLN", (unsigned long long)rest[0], (long long)rest[1], detail);
            }
        }
        else if (!is_return) {
            slots[3] = get_detail(rest, end, kind);
        }
        else {
            const Word *from = rest + (kind & F_GENERATOR ? 1 : 0);
            PyObject *value = kind & F_VALUES ? get_value(&from) : Py_NewRef(Py_None);
            slots[3] = value;
            if (value != NULL && kind & F_GENERATOR) {
                slots[3] = Py_BuildValue("KN", (unsigned long long)rest[0], value);
            }
        }
    }
    int failed = 0;
    for (int i = 0; i < 4; i++) {
        failed |= slots[i] == NULL;
        PyList_SET_ITEM(list, at + i, slots[i] != NULL ? slots[i] : Py_NewRef(Py_None));
    }
    return failed ? -1 : 0;
}

/* Take a part of the buffer away from the thread: from then on it is ours alone, whatever runs meanwhile. */
static Word *
events_detach(Events *self, size_t used, Py_ssize_t count)
{
    Word *taken = self->words;
    size_t left = self->used - used;
    Word *words = NULL;
    if (left) {
        words = PyMem_RawMalloc((left + 4096) * sizeof(Word));
        if (words == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        memcpy(words, taken + used, left * sizeof(Word));
    }
    self->words = words;
    self->room = left ? left + 4096 : 0;
    self->used = left;
    self->count -= count;
    return taken;
}

static PyObject *
events_take(Events *self, PyObject *until)
{
    Clock clock = clock_now();
    int64_t until_ns = INT64_MAX;
    if (until != Py_None) {
        until_ns = PyLong_AsLongLong(until);
        if (until_ns == -1 && PyErr_Occurred()) {
            return NULL;
        }
    }
    size_t used = 0;
    Py_ssize_t count = 0;
    while (used < self->used && event_ns(self->words + used, &clock) <= until_ns) {
        used += event_words(self->words[used]);
        count++;
    }
    if (count == 0) {
        return PyList_New(0);
    }
    Word *taken = events_detach(self, used, count);
    if (taken == NULL) {
        return NULL;
    }
    PyObject *list = PyList_New(count * 4);
    int failed = list == NULL;
    const Word *head = taken;
    for (Py_ssize_t i = 0; list != NULL && i < count; i++) {
        const Word *end = head + event_words(head[0]);
        failed |= get_event(head, end, &clock, list, i * 4) < 0;
        head = end;
    }
    PyMem_RawFree(taken);
    if (failed) {
        Py_XDECREF(list);
        return NULL;
    }
    return list;
}

/* Where the values of an event begin. */
static const Word *
values_of(const Word *head)
{
    int extra = !(head[0] & F_GENERATOR) ? 0 : (head[0] & E_KIND) == E_CALL ? 2 : 1;
    return head + 3 + extra;
}

static void
events_drop(Events *self)
{
    Word *words = self->words;
    const Word *head = words, *last = words + self->used;
    self->words = NULL;
    self->used = self->room = 0;
    self->count = 0;
    while (head < last) {
        const Word *end = head + event_words(head[0]), *at = values_of(head);
        if ((head[0] & E_KIND) == E_NOTE) {
            Py_DECREF(owned(head[2]));
            Py_DECREF(owned(head[3]));
        }
        else {
            Py_DECREF(event_code(head));
        }
        while (head[0] & F_VALUES && at < end) {
            drop_value(&at);
        }
        head = end;
    }
    PyMem_RawFree(words);
}

static PyObject *
events_clear(Events *self, PyObject *Py_UNUSED(ignored))
{
    events_drop(self);
    Py_RETURN_NONE;
}

static void
events_dealloc(Events *self)
{
    events_drop(self);
    PyObject_Free(self);
}

static Py_ssize_t
events_length(Events *self)
{
    return self->count * 4;
}

static PyMethodDef events_methods[] = {
    {"extend", (PyCFunction)events_extend, METH_O, "Add a note: (None, time_ns, what, kind)."},
    {"take", (PyCFunction)events_take, METH_O, "Take the events up to a moment in ns; None takes all."},
    {"clear", (PyCFunction)events_clear, METH_NOARGS, "Drop the events."},
    {NULL, NULL, 0, NULL},
};

static PySequenceMethods events_sequence = {.sq_length = (lenfunc)events_length};

static PyTypeObject Events_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "flasktrace._native.Events",
    .tp_basicsize = sizeof(Events),
    .tp_dealloc = (destructor)events_dealloc,
    .tp_as_sequence = &events_sequence,
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_doc = "The events of one thread, not yet taken.",
    .tp_methods = events_methods,
};

static Events *
events_new(void)
{
    Events *events = PyObject_New(Events, &Events_Type);
    if (events != NULL) {
        events->words = NULL;
        events->used = events->room = 0;
        events->count = 0;
    }
    return events;
}

#endif

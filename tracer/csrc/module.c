/* flasktrace._native: the recorder's hooks in C, for tracer/native.py, which installs them.

   They write the same events as tracer/recorder.py and tracer/monitoring.py do, at a tenth of the cost. What
   is rare stays in Python, in methods of the recorder: deciding about code that is met for the first time,
   looking at a starting thread, snapshots of the state, the texts of exceptions. None of those lets a
   failure of ours through; what they raise is the program's (a signal's handler, say), and goes on. */
#include "columns.h"
#include "events.h"
#include "tables.h"

typedef struct {
    PyObject_HEAD
    PyObject *recorder;
    Table codes;   /* by code object: what was decided */
    Table files;   /* by name: those of code that is out of scope (3.11 only) */
    Table known;   /* by object: values of settings that Python has seen */
    Table threads; /* by thread_key(): the lane, NULL for one that is left out (3.12 and later) */
    PyObject *last_lane;
    uint64_t last_thread; /* the id of its state */
    Py_ssize_t lost_count; /* events, for want of room on the stack or in memory */
    char with_values, is_recording, knows_last;
} Tracer;

/* A thread: its stream, and on 3.11 the hook itself, which is what sys.getprofile() gives. */
typedef struct {
    PyObject_HEAD
    Tracer *tracer;
    PyObject *stream; /* the ThreadStream */
    Events *events;   /* the stream's */
    PyObject *weak_references;
    Py_ssize_t brake_at; /* events that may wait before Python is asked whether the thread should */
    char is_raising;  /* a recorded call has just been left by an exception */
} Lane;

static PyTypeObject Lane_Type;

#define MAX_FILES 10000

/* After a call of one of the recorder's methods: 0, or -1 with the program's exception set. */
static int
done(Tracer *tracer, PyObject *result)
{
    if (result != NULL) {
        Py_DECREF(result);
        return 0;
    }
    if (!PyErr_ExceptionMatches(PyExc_RecursionError)) {
        return -1;
    }
    PyErr_Clear(); /* the program is at its limit: there is no room for us either */
    tracer->lost_count++;
    return 0;
}

static inline Entry *
entry_of(Tracer *tracer, PyCodeObject *code)
{
    return table_find(&tracer->codes, code);
}

/* The lasti of the nearest caller that is recorded; -1 where there is none. */
static inline int64_t
caller_lasti(Tracer *tracer, Frame *frame)
{
    for (frame = frame_back(frame); frame != NULL; frame = frame_back(frame)) {
        Entry *entry = entry_of(tracer, frame_code(frame));
        if (entry != NULL && entry->mode & M_IN_SCOPE) {
            return frame_lasti(frame);
        }
    }
    return -1;
}

static inline void
put_call(Tracer *tracer, Events *events, Entry *entry, Frame *frame, Word frame_id, int64_t lasti, int is_resumed)
{
    PyCodeObject *code = (PyCodeObject *)entry->key;
    int count = is_resumed ? 0 : entry->value_count;
    Word kind = E_CALL;
    Word *head = events_reserve(events, (size_t)count);
    if (head == NULL) {
        tracer->lost_count++;
        return;
    }
    if (count == 0 && !entry->is_generator) {
        head[1] = ticks_now();
        events_commit_plain(events, head, kind, (PyObject *)code, caller_lasti(tracer, frame));
        return;
    }
    Word *at = head + 3;
    head[2] = reference((PyObject *)code);
    if (entry->is_generator) {
        kind |= F_GENERATOR;
        *at++ = frame_id;
        *at++ = (Word)lasti;
    }
    if (count) {
        kind |= F_VALUES;
        for (int i = 0; i < count; i++) {
            at = put_value(at, frame_parameter(frame, code, i));
        }
    }
    head[1] = ticks_now();
    events_commit(events, head, at, kind, caller_lasti(tracer, frame));
}

/* What came back; with a text, which is taken over, the value is the exception that left the call. */
static inline void
put_return(Tracer *tracer, Events *events, Entry *entry, Word frame_id, int64_t lasti, PyObject *value, PyObject *text)
{
    Word kind = E_RETURN;
    Word *head = events_reserve(events, 1);
    if (head == NULL) {
        Py_XDECREF(text);
        tracer->lost_count++;
        return;
    }
    head[1] = ticks_now();
    if (text == NULL && !tracer->with_values && !entry->is_generator) {
        events_commit_plain(events, head, kind, entry->key, lasti);
        return;
    }
    head[2] = reference(entry->key);
    Word *at = head + 3;
    if (entry->is_generator) {
        kind |= F_GENERATOR;
        *at++ = frame_id;
    }
    if (text != NULL) {
        kind |= F_VALUES;
        at = put_unwound(at, value, text);
    }
    else if (tracer->with_values || (value == NULL && entry->is_generator)) {
        /* None is what the builder knows one by that an exception thrown into it has ended. */
        kind |= F_VALUES;
        at = put_value(at, value);
    }
    events_commit(events, head, at, kind, lasti);
}

/* Many events wait: the recorder may make the thread wait too, and tells when to ask again. */
static Py_NO_INLINE int
brake(Tracer *tracer, Lane *lane)
{
    Py_INCREF(lane);
    lane->brake_at = PY_SSIZE_T_MAX; /* not from what Python does for it */
    PyObject *answer = PyObject_CallMethod(tracer->recorder, "wait", "O", lane->stream);
    if (answer != NULL && PyLong_Check(answer)) {
        lane->brake_at = PyLong_AsSsize_t(answer);
    }
    Py_DECREF(lane);
    return done(tracer, answer);
}

/* Keep what the recorder has decided about a code object: (mode, number of values). */
static Entry *
keep_code(Tracer *tracer, PyCodeObject *code, int mode, int value_count)
{
    Entry *entry = entry_of(tracer, code);
    int is_kept = entry != NULL && entry->file == NULL;
    entry = table_add(&tracer->codes, code);
    if (entry != NULL) {
        if (!is_kept) {
            Py_INCREF(code);
        }
        entry->file = NULL;
        entry->mode = (unsigned char)mode;
        entry->value_count = value_count;
        entry->is_generator = (code->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) != 0;
    }
    return entry;
}

/* Let Python look at a watched function. */
static int
watch(Tracer *tracer, PyFrameObject *frame)
{
    return frame == NULL ? -1 : done(tracer, PyObject_CallMethod(tracer->recorder, "watch", "O", frame));
}

/* Whether a setting's value, which is read again and again, could be a secret that Python has not been told of. */
static inline int
is_news(Tracer *tracer, PyObject *value)
{
    if (value == NULL || (!PyUnicode_CheckExact(value) && !PyBytes_CheckExact(value))) {
        return 0;
    }
    if (table_find(&tracer->known, value) != NULL) {
        return 0;
    }
    if (table_add(&tracer->known, value) != NULL) {
        Py_INCREF(value);
    }
    return 1;
}

#if HAS_MONITORING

/* A thread, by the id of its state: its ident may be another one's later. Shifted, as tables spread addresses. */
static inline void *
thread_key(PyThreadState *thread)
{
    return (void *)(uintptr_t)(thread->id << 4);
}

/* The lane of a thread that was not the last one (borrowed); NULL where it is left out, or an exception is set. */
static Lane *
find_lane(Tracer *tracer, PyThreadState *thread)
{
    Entry *entry = table_find(&tracer->threads, thread_key(thread));
    if (entry == NULL) {
        /* Never seen: current_stream() makes its stream, and tells us by set_thread(). */
        if (done(tracer, PyObject_CallMethod(tracer->recorder, "current_stream", NULL)) < 0) {
            return NULL;
        }
        entry = table_find(&tracer->threads, thread_key(thread));
        if (entry == NULL) {
            return NULL;
        }
    }
    tracer->knows_last = 1;
    tracer->last_thread = thread->id;
    tracer->last_lane = entry->lane;
    return (Lane *)entry->lane;
}

/* The lane of the running thread, and anew the entry of code if that took Python's help. */
static inline Lane *
lane_now(Tracer *tracer, PyThreadState *thread, Entry **entry)
{
    if (tracer->knows_last && tracer->last_thread == thread->id) {
        return (Lane *)tracer->last_lane;
    }
    PyObject *code = (*entry)->key;
    Lane *lane = find_lane(tracer, thread);
    *entry = entry_of(tracer, (PyCodeObject *)code);
    return *entry == NULL ? NULL : lane;
}

static PyObject *
told(int status)
{
    if (status < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static int
note_state(Tracer *tracer, Lane *lane)
{
    PyObject *object = (PyObject *)PyEval_GetFrame();
    if (object == NULL) {
        return -1;
    }
    return done(tracer, PyObject_CallMethod(tracer->recorder, "note_state", "OO", object, lane->stream));
}

/* A call begins, or goes on: the callback of PY_START, PY_RESUME and PY_THROW. Of a first start, which is told by
   hand, the frame object is given; else it is made if need be. */
static int
begin(Tracer *tracer, PyObject *code, PyFrameObject *object, int is_resumed)
{
    Entry *entry = entry_of(tracer, (PyCodeObject *)code);
    PyThreadState *thread = PyThreadState_Get();
    Frame *frame = object != NULL ? object->f_frame : frame_now(thread);
    if (entry != NULL && entry->mode & (object != NULL ? M_WATCHED | M_SETTING : M_WATCHED) && !is_resumed) {
        if (watch(tracer, object != NULL ? object : PyEval_GetFrame()) < 0) {
            return -1;
        }
        entry = entry_of(tracer, (PyCodeObject *)code);
    }
    if (entry == NULL || !(entry->mode & M_IN_SCOPE)) {
        return 0;
    }
    Lane *lane = lane_now(tracer, thread, &entry);
    if (lane == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    int64_t lasti = is_resumed ? frame_lasti(frame) : -1;
    put_call(tracer, lane->events, entry, frame, (Word)(uintptr_t)frame, lasti, is_resumed);
    return lane->events->count > lane->brake_at ? brake(tracer, lane) : 0;
}

static PyObject *
on_start(Tracer *tracer, PyObject *const *args, Py_ssize_t Py_UNUSED(count))
{
    return told(begin(tracer, args[0], NULL, 0));
}

static PyObject *
on_resume(Tracer *tracer, PyObject *const *args, Py_ssize_t Py_UNUSED(count))
{
    return told(begin(tracer, args[0], NULL, 1));
}

/* The end of a call by an exception, or after which the state is noted: Python may be asked. */
static int
end_slowly(Tracer *tracer, Lane *lane, PyObject *const *args, int is_error)
{
    PyCodeObject *code = (PyCodeObject *)args[0];
    if (entry_of(tracer, code)->mode & M_STATE && note_state(tracer, lane) < 0) {
        return -1;
    }
    PyObject *text = is_error ? text_of_exception(args[2]) : NULL;
    if (is_error && text == NULL) {
        return done(tracer, NULL);
    }
    Entry *entry = entry_of(tracer, code); /* the table may have grown meanwhile, or been closed */
    if (entry != NULL) {
        Frame *frame = frame_now(PyThreadState_Get());
        /* Where the frame says: the event's offset may be that of a handler's end, which is on no line. */
        int64_t lasti = is_error ? frame_lasti(frame) : PyLong_AsLong(args[1]);
        put_return(tracer, lane->events, entry, (Word)(uintptr_t)frame, lasti, args[2], text);
    }
    else {
        Py_XDECREF(text);
    }
    return 0;
}

/* PY_RETURN, PY_YIELD and, with is_error, PY_UNWIND, which comes for all code, in scope or not. */
static int
end(Tracer *tracer, PyObject *const *args, int is_error)
{
    Entry *entry = entry_of(tracer, (PyCodeObject *)args[0]);
    if (entry == NULL || !(entry->mode & M_IN_SCOPE)) {
        return 0;
    }
    PyThreadState *thread = PyThreadState_Get();
    Lane *lane = lane_now(tracer, thread, &entry);
    if (lane == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    if (entry->mode & M_SETTING && !is_error && is_news(tracer, args[2])) {
        if (watch(tracer, PyEval_GetFrame()) < 0 || (lane = lane_now(tracer, thread, &entry)) == NULL ||
            (entry = entry_of(tracer, (PyCodeObject *)args[0])) == NULL) {
            return PyErr_Occurred() ? -1 : 0;
        }
    }
    if (is_error || entry->mode & M_STATE) {
        Py_INCREF(lane);
        int status = end_slowly(tracer, lane, args, is_error);
        Py_DECREF(lane);
        return status;
    }
    Word frame_id = entry->is_generator ? (Word)(uintptr_t)frame_now(thread) : 0;
    put_return(tracer, lane->events, entry, frame_id, PyLong_AsLong(args[1]), args[2], NULL);
    return 0;
}

static PyObject *
on_return(Tracer *tracer, PyObject *const *args, Py_ssize_t Py_UNUSED(count))
{
    return told(end(tracer, args, 0));
}

static PyObject *
on_unwind(Tracer *tracer, PyObject *const *args, Py_ssize_t Py_UNUSED(count))
{
    return told(end(tracer, args, 1));
}

static PyObject *
tracer_begin(Tracer *self, PyObject *frame)
{
    if (!PyFrame_Check(frame)) {
        PyErr_SetString(PyExc_TypeError, "begin() takes a frame");
        return NULL;
    }
    PyObject *code = (PyObject *)PyFrame_GetCode((PyFrameObject *)frame);
    int status = begin(self, code, (PyFrameObject *)frame, 0);
    Py_DECREF(code);
    return told(status);
}

static PyObject *
tracer_set_thread(Tracer *self, PyObject *lane)
{
    if (lane != Py_None && !Py_IS_TYPE(lane, &Lane_Type)) {
        PyErr_SetString(PyExc_TypeError, "set_thread() takes a Lane or None");
        return NULL;
    }
    Entry *entry = table_add(&self->threads, thread_key(PyThreadState_Get()));
    if (entry == NULL) {
        return NULL;
    }
    PyObject *old = entry->lane;
    entry->lane = lane == Py_None ? NULL : Py_NewRef(lane);
    self->knows_last = 0;
    Py_XDECREF(old);
    Py_RETURN_NONE;
}

#else /* CPython 3.11: the profile hook */

/* Remember that all of a file is out of scope. Its code may go and other code take its place in memory: the name of
   the file, which is kept alive, tells whether what was decided still holds. */
static Entry *
leave_out(Tracer *tracer, PyCodeObject *code)
{
    if (tracer->files.used > MAX_FILES) { /* a program that compiles without end is asked about each time */
        return NULL;
    }
    if (table_find(&tracer->files, code->co_filename) == NULL) {
        if (table_add(&tracer->files, code->co_filename) == NULL) {
            return NULL;
        }
        Py_INCREF(code->co_filename);
    }
    Entry *entry = table_add(&tracer->codes, code);
    if (entry != NULL) {
        entry->file = code->co_filename;
        entry->mode = M_OUT;
    }
    return entry;
}

/* Ask the recorder about code that is met for the first time. NULL: out of scope, or an exception is set. */
static Entry *
decide(Tracer *tracer, PyCodeObject *code, PyFrameObject *frame)
{
    PyObject *decided = PyObject_CallMethod(tracer->recorder, "resolve", "OO", code, frame);
    if (decided == NULL) {
        done(tracer, NULL);
        return NULL;
    }
    int mode, value_count, is_whole_file;
    if (decided == Py_None) { /* a failure of ours, which is counted */
        Py_DECREF(decided);
        return NULL;
    }
    int is_good = PyArg_ParseTuple(decided, "iip", &mode, &value_count, &is_whole_file);
    Py_DECREF(decided);
    if (!is_good) {
        return NULL;
    }
    return is_whole_file ? leave_out(tracer, code) : keep_code(tracer, code, mode, value_count);
}

static int
profile_call(Tracer *tracer, Lane *lane, PyFrameObject *object)
{
    Frame *frame = object->f_frame;
    PyCodeObject *code = frame->f_code;
    Entry *entry = entry_of(tracer, code);
    if (entry == NULL || (entry->file != NULL && entry->file != code->co_filename)) {
        if ((entry = decide(tracer, code, object)) == NULL) {
            return PyErr_Occurred() ? -1 : 0;
        }
    }
    if (entry->mode & M_WATCHED) {
        if (watch(tracer, object) < 0) {
            return -1;
        }
        if ((entry = entry_of(tracer, code)) == NULL) {
            return 0;
        }
    }
    if (!(entry->mode & M_IN_SCOPE)) {
        return 0;
    }
    int64_t lasti = 0;
    int is_resumed = 0;
    if (entry->is_generator) {
        const _Py_CODEUNIT *now = frame->prev_instr;
        int opcode = _Py_OPCODE(*now);
        lasti = frame_lasti(frame);
        is_resumed = (opcode != RESUME && opcode != RESUME_QUICK) || _Py_OPARG(*now) != 0;
    }
    put_call(tracer, lane->events, entry, frame, identity((PyObject *)object), lasti, is_resumed);
    return lane->events->count > lane->brake_at ? brake(tracer, lane) : 0;
}

static int
profile_return(Tracer *tracer, Lane *lane, PyFrameObject *object, PyObject *value)
{
    PyCodeObject *code = object->f_frame->f_code;
    Entry *entry = entry_of(tracer, code);
    if (entry == NULL || entry->mode == M_OUT) {
        return 0;
    }
    if (entry->mode & M_SETTING && is_news(tracer, value)) {
        if (watch(tracer, object) < 0) {
            return -1;
        }
        entry = entry_of(tracer, code);
    }
    if (entry == NULL || !(entry->mode & M_IN_SCOPE)) {
        return 0;
    }
    if (entry->mode & M_STATE) {
        PyObject *result = PyObject_CallMethod(tracer->recorder, "note_state", "OO", object, lane->stream);
        if (done(tracer, result) < 0) {
            return -1;
        }
        entry = entry_of(tracer, code);
        if (entry == NULL) {
            return 0;
        }
    }
    int64_t lasti = frame_lasti(object->f_frame);
    if (value == NULL) { /* left by an exception; one thrown into a generator is not told apart, see builder.py */
        int opcode = _Py_OPCODE(*object->f_frame->prev_instr);
        lane->is_raising = opcode != YIELD_VALUE && opcode != RESUME && opcode != RESUME_QUICK;
    }
    put_return(tracer, lane->events, entry, identity((PyObject *)object), lasti, value, NULL);
    return 0;
}

/* What has just been raised shows at the next event: it is being handled then. */
static int
note_raised(Tracer *tracer, Lane *lane)
{
    lane->is_raising = 0;
    PyObject *error = PyErr_GetHandledException();
    if (error == NULL) {
        return 0;
    }
    PyObject *result = PyObject_CallMethod(tracer->recorder, "note_raised", "OO", error, lane->stream);
    Py_DECREF(error);
    return done(tracer, result);
}

/* Apart from profile(), which sees every call of a C function too and must be done with those at once. */
static Py_NO_INLINE int
profile_more(Lane *lane, PyFrameObject *frame, int what, PyObject *value)
{
    Tracer *tracer = lane->tracer;
    if (!tracer->is_recording) { /* the thread outlives the recording */
        PyEval_SetProfile(NULL, NULL);
        return 0;
    }
    if (lane->is_raising && note_raised(tracer, lane) < 0) {
        return -1;
    }
    if (what == PyTrace_CALL) {
        return profile_call(tracer, lane, frame);
    }
    return what == PyTrace_RETURN ? profile_return(tracer, lane, frame, value) : 0;
}

static int
profile(PyObject *self, PyFrameObject *frame, int what, PyObject *value)
{
    Lane *lane = (Lane *)self;
    if (what != PyTrace_CALL && what != PyTrace_RETURN && !lane->is_raising) {
        return 0;
    }
    return profile_more(lane, frame, what, value);
}

/* As what sys.setprofile() is given: the first event comes here, and those after it to profile(). So a program
   may also put back what sys.getprofile() gave it. */
static PyObject *
lane_call(Lane *self, PyObject *args, PyObject *Py_UNUSED(names))
{
    PyObject *frame, *value;
    const char *event;
    if (!PyArg_ParseTuple(args, "O!sO", &PyFrame_Type, &frame, &event, &value)) {
        return NULL;
    }
    int what = strcmp(event, "call") == 0 ? PyTrace_CALL : strcmp(event, "return") == 0 ? PyTrace_RETURN : -1;
    PyEval_SetProfile(profile, (PyObject *)self);
    if (what >= 0 && profile((PyObject *)self, (PyFrameObject *)frame, what, value) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

#endif

/* --- Tracer and Lane as Python sees them --- */

static PyObject *
tracer_add_code(Tracer *self, PyObject *args)
{
    PyObject *code;
    int mode, value_count;
    if (!PyArg_ParseTuple(args, "O!ii", &PyCode_Type, &code, &mode, &value_count)) {
        return NULL;
    }
    if (keep_code(self, (PyCodeObject *)code, mode, value_count) == NULL) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
tracer_lane(Tracer *self, PyObject *stream)
{
    Lane *lane = PyObject_GC_New(Lane, &Lane_Type);
    if (lane == NULL) {
        return NULL;
    }
    lane->tracer = (Tracer *)Py_NewRef(self);
    lane->stream = lane->weak_references = NULL;
    lane->is_raising = 0;
    lane->brake_at = 0;
    lane->events = (Events *)PyObject_GetAttrString(stream, "events");
    if (lane->events == NULL || !Py_IS_TYPE(lane->events, &Events_Type)) {
        PyErr_SetString(PyExc_TypeError, "lane() takes a stream whose events are Events");
        PyObject_GC_Track(lane);
        Py_DECREF(lane);
        return NULL;
    }
    lane->stream = Py_NewRef(stream);
    PyObject_GC_Track(lane);
    return (PyObject *)lane;
}

static PyObject *
tracer_set_recording(Tracer *self, PyObject *flag)
{
    self->is_recording = (char)(flag == Py_True);
    Py_RETURN_NONE;
}

static PyObject *
tracer_get_lost_count(Tracer *self, void *Py_UNUSED(closure))
{
    return PyLong_FromSsize_t(self->lost_count);
}

static void
forget(Table *table)
{
    Table old = *table;
    *table = (Table){NULL, 0, 0};
    for (size_t i = 0; i < old.room; i++) {
        if (old.entries[i].file == NULL) {
            Py_XDECREF(old.entries[i].key);
        }
    }
    table_free(&old);
}

/* Let go of code, files and threads; nothing is recorded from then on. */
static int
tracer_forget(Tracer *self)
{
    self->is_recording = 0;
    self->knows_last = 0;
    forget(&self->codes);
    forget(&self->files);
    forget(&self->known);
    Table old = self->threads;
    self->threads = (Table){NULL, 0, 0};
    for (size_t i = 0; i < old.room; i++) {
        Py_XDECREF(old.entries[i].lane);
    }
    table_free(&old);
    return 0;
}

static PyObject *
tracer_close(Tracer *self, PyObject *Py_UNUSED(ignored))
{
    tracer_forget(self);
    Py_RETURN_NONE;
}

static PyObject *
tracer_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(names))
{
    PyObject *recorder;
    int with_values, wants_counter;
    if (!PyArg_ParseTuple(args, "Opp", &recorder, &with_values, &wants_counter)) {
        return NULL;
    }
    Tracer *self = (Tracer *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->recorder = Py_NewRef(recorder);
    self->with_values = (char)with_values;
    if (clock_begin.ns == 0) { /* once: events that are still waiting keep their times */
        clock_start(wants_counter);
    }
    return (PyObject *)self;
}

static int
tracer_traverse(Tracer *self, visitproc visit, void *arg)
{
    Py_VISIT(self->recorder);
    for (size_t i = 0; i < self->threads.room; i++) {
        Py_VISIT(self->threads.entries[i].lane);
    }
    return 0;
}

static PyObject *
tracer_look_again(Tracer *self, PyObject *Py_UNUSED(ignored))
{
    forget(&self->known);
    Py_RETURN_NONE;
}

static int
tracer_clear(Tracer *self)
{
    tracer_forget(self);
    Py_CLEAR(self->recorder);
    return 0;
}

static void
tracer_dealloc(Tracer *self)
{
    PyObject_GC_UnTrack(self);
    tracer_clear(self);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef tracer_methods[] = {
    {"add_code", (PyCFunction)tracer_add_code, METH_VARARGS, "Keep (code, mode, number of values)."},
    {"lane", (PyCFunction)tracer_lane, METH_O, "The lane of a thread's stream, which has Events."},
    {"set_recording", (PyCFunction)tracer_set_recording, METH_O, "Whether events are written."},
    {"look_again", (PyCFunction)tracer_look_again, METH_NOARGS, "Forget which settings Python has seen."},
    {"close", (PyCFunction)tracer_close, METH_NOARGS, "Let go of code, files and threads."},
#if HAS_MONITORING
    {"set_thread", (PyCFunction)tracer_set_thread, METH_O, "The lane of the calling thread; None: left out."},
    {"begin", (PyCFunction)tracer_begin, METH_O, "A call begins: told by hand, of its frame."},
    {"on_start", (PyCFunction)(void (*)(void))on_start, METH_FASTCALL, "The callback of PY_START."},
    {"on_resume", (PyCFunction)(void (*)(void))on_resume, METH_FASTCALL, "Of PY_RESUME and PY_THROW."},
    {"on_return", (PyCFunction)(void (*)(void))on_return, METH_FASTCALL, "Of PY_RETURN and PY_YIELD."},
    {"on_unwind", (PyCFunction)(void (*)(void))on_unwind, METH_FASTCALL, "Of PY_UNWIND."},
#endif
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef tracer_getset[] = {
    {"lost_count", (getter)tracer_get_lost_count, NULL, "Events that there was no room for.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyTypeObject Tracer_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "flasktrace._native.Tracer",
    .tp_basicsize = sizeof(Tracer),
    .tp_dealloc = (destructor)tracer_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_doc = "Tracer(recorder, with_values, wants_counter): the hooks of one recording.",
    .tp_traverse = (traverseproc)tracer_traverse,
    .tp_clear = (inquiry)tracer_clear,
    .tp_methods = tracer_methods,
    .tp_getset = tracer_getset,
    .tp_new = tracer_new,
};

static int
lane_traverse(Lane *self, visitproc visit, void *arg)
{
    Py_VISIT(self->tracer);
    Py_VISIT(self->stream);
    return 0;
}

static int
lane_clear(Lane *self)
{
    Py_CLEAR(self->stream);
    return 0;
}

static void
lane_dealloc(Lane *self)
{
    PyObject_GC_UnTrack(self);
    if (self->weak_references != NULL) {
        PyObject_ClearWeakRefs((PyObject *)self);
    }
    Py_CLEAR(self->tracer);
    Py_CLEAR(self->stream);
    Py_CLEAR(self->events);
    PyObject_GC_Del(self);
}

static PyTypeObject Lane_Type = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "flasktrace._native.Lane",
    .tp_basicsize = sizeof(Lane),
    .tp_dealloc = (destructor)lane_dealloc,
#if !HAS_MONITORING
    .tp_call = (ternaryfunc)lane_call,
#endif
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_weaklistoffset = offsetof(Lane, weak_references),
    .tp_doc = "Where a thread's events go.",
    .tp_traverse = (traverseproc)lane_traverse,
    .tp_clear = (inquiry)lane_clear,
};

static PyObject *
new_events(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    return (PyObject *)events_new();
}

/* What tests hold against capture(): a value as the hook writes it and as it is read again. */
static PyObject *
capture(PyObject *Py_UNUSED(module), PyObject *value)
{
    Word words[VALUE_WORDS];
    const Word *from = words;
    put_value(words, value);
    return get_value(&from);
}

static PyMethodDef module_methods[] = {
    {"Events", new_events, METH_NOARGS, "A new buffer of events."},
    {"capture", capture, METH_O, "A value as the hooks capture it."},
    {"numbers", numbers, METH_VARARGS, "The numbers in (text, count), as the bytes of an array."},
    {"owners", owners, METH_VARARGS, "Whose the rows of (ups, keys, count, owners, strands, counts) are."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "flasktrace._native",
    .m_doc = "The recorder's hooks in C.",
    .m_size = -1,
    .m_methods = module_methods,
};

static int
find_constants(void)
{
    PyObject *capturing = PyImport_ImportModule("flasktrace.tracer.capture");
    if (capturing == NULL) {
        return -1;
    }
    captured_none = PyObject_GetAttrString(capturing, "CAPTURED_NONE");
    captured_true = PyObject_GetAttrString(capturing, "CAPTURED_TRUE");
    captured_false = PyObject_GetAttrString(capturing, "CAPTURED_FALSE");
    exception_text = PyObject_GetAttrString(capturing, "exception_text");
    Py_DECREF(capturing);
    return captured_none && captured_true && captured_false && exception_text ? 0 : -1;
}

PyMODINIT_FUNC
PyInit__native(void)
{
    if (find_constants() < 0 || PyType_Ready(&Events_Type) < 0 || PyType_Ready(&Lane_Type) < 0 ||
        PyType_Ready(&Tracer_Type) < 0) {
        return NULL;
    }
    PyObject *self = PyModule_Create(&module);
    if (self != NULL && PyModule_AddObjectRef(self, "Tracer", (PyObject *)&Tracer_Type) < 0) {
        Py_CLEAR(self);
    }
    return self;
}

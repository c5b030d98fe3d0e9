"""Local, LocalStack, LocalManager and LocalProxy with their operators."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

import threading
from typing import Any

from flask import Flask, copy_current_request_context, current_app, g, request, session
from werkzeug.local import Local, LocalManager, LocalProxy, LocalStack, release_local

app = Flask(__name__)
app.secret_key = 'x'
local = Local()
stack = LocalStack()
manager = LocalManager([local])


@app.route('/local')
def use_local() -> Any:
    local.value = 3
    proxy: Any = local('value')
    found: list[Any] = [proxy + 1, 1 + proxy, -proxy, proxy == 3, proxy < 5, abs(proxy), bool(proxy), hash(proxy), repr(proxy), str(proxy), int(proxy)]
    found += [proxy * 2, proxy**2, proxy // 2, proxy % 2, divmod(proxy, 2), proxy << 1, proxy & 1, proxy | 4, proxy ^ 1, ~proxy, float(proxy)]
    local.items = [1, 2, 3]
    items: Any = local('items')
    items[0] = 9
    items.append(4)
    del items[1]
    found += [len(items), items[0], 3 in items, list(items), items[0:2]]
    release_local(local)
    for call in (lambda: proxy + 1, lambda: local.value, lambda: bool(items), lambda: repr(items)):
        try:
            found.append(call())
        except (RuntimeError, AttributeError) as error:
            found.append(f'{type(error).__name__} {error}')
    return repr(found)


@app.route('/stack')
def use_stack() -> Any:
    found: list[Any] = [stack.top, stack.push(1), stack.push(2), stack.top]
    top: Any = stack()
    found += [top + 1, stack.pop(), stack.top, stack.pop(), stack.pop()]
    manager.cleanup()
    return repr(found)


@app.route('/proxies')
def proxies() -> Any:
    g.a = 1
    found = [repr(g), 'a' in g, g.get('b', 2), g.pop('a'), sorted(g), g.setdefault('c', 3), current_app == app, current_app._get_current_object() is app]
    found += [type(request).__name__, isinstance(request, LocalProxy), bool(session), session == {}, request.__class__.__name__]
    return repr(found)


@app.route('/threads')
def threads() -> Any:
    local.value = 'main'
    seen = []

    @copy_current_request_context
    def look() -> None:
        seen.append((hasattr(local, 'value'), request.path))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    release_local(local)
    return repr(seen)


REQUESTS = ['GET /local', 'GET /stack', 'GET /proxies', 'GET /threads']


if __name__ == '__main__':
    app.run()

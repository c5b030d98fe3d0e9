"""Hooks: what runs before and after the view, and in which order.

Look at `Flask.full_dispatch_request`: the functions of `before_request` run inside
`preprocess_request`, in the order they were registered; those of `after_request` run inside
`process_response`, in reverse order, when the response object is there already. The functions of
`teardown_request` come last, while the context is popped, and before the body is written.
"""

from flask import Flask, Response, g

app = Flask(__name__)


@app.before_request
def start_list() -> None:
    g.steps = ["start_list"]


@app.before_request
def second_step() -> None:
    g.steps.append("second_step")


@app.after_request
def registered_first(response: Response) -> Response:
    response.headers["X-Steps"] = " ".join([*g.steps, "registered_first"])
    return response


@app.after_request
def registered_last(response: Response) -> Response:
    g.steps.append("registered_last")
    return response


@app.teardown_request
def clean_up(error: BaseException | None) -> None:
    g.pop("steps", None)


@app.route("/")
def index() -> str:
    g.steps.append("index")
    return "the view ran\n"


REQUESTS = ["GET /"]


if __name__ == "__main__":
    app.run()

"""Blueprint: routes and hooks that are written down first and registered later.

While the blueprint is built, nothing reaches the application: each call is kept as a deferred function.
`Flask.register_blueprint` replays them. Look for `Blueprint.record`, then for `BlueprintSetupState`, and
in the requests for the hooks that run only where the endpoint belongs to the blueprint.
"""

from flask import Blueprint, Flask, g, url_for

shop = Blueprint("shop", __name__, url_prefix="/shop")


@shop.before_request
def open_shop() -> None:
    g.opened = True


@shop.route("/")
def shelf() -> str:
    return f"shop is open: {g.opened}, item 3 is at {url_for('.item', number=3)}\n"


@shop.route("/item/<int:number>")
def item(number: int) -> str:
    return f"item {number}\n"


@shop.errorhandler(404)
def sold_out(error: Exception) -> tuple[str, int]:
    return "sold out\n", 404


app = Flask(__name__)
app.register_blueprint(shop)


@app.route("/")
def index() -> str:
    return f"outside the shop: {'opened' in g}\n"


REQUESTS = ["GET /", "GET /shop/", "GET /shop/item/3", "GET /shop/nothing"]


if __name__ == "__main__":
    app.run()

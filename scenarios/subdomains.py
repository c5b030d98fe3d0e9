"""Subdomains: the host takes part in the match.

With `SERVER_NAME` set, `create_url_adapter` cuts it from the request's host, and what is left is the
subdomain that a rule must have. A rule with a converter in its subdomain takes any. Look at
`Map.bind_to_environ`, and at the URLs that `url_for` builds for another subdomain.
"""

from flask import Flask, url_for

app = Flask(__name__, subdomain_matching=True)
app.config['SERVER_NAME'] = 'localhost:5000'


@app.route('/')
def index() -> str:
    return f"docs are at {url_for('docs')}, ada is at {url_for('home', user='ada')}\n"


@app.route('/', subdomain='docs')
def docs() -> str:
    return f"documentation; back to {url_for('index')}\n"


@app.route('/home', subdomain='<user>')
def home(user: str) -> str:
    return f'home of {user}, mine is {url_for("home", user=user)}\n'


REQUESTS = [
    {'path': '/', 'headers': {'Host': 'localhost:5000'}},
    {'path': '/', 'headers': {'Host': 'docs.localhost:5000'}},
    {'path': '/home', 'headers': {'Host': 'ada.localhost:5000'}},
    {'path': '/', 'headers': {'Host': 'elsewhere.example'}},
]


if __name__ == '__main__':
    app.run()

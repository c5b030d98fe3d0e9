"""Hello: the smallest program, from start-up to the response.

The script that the walkthroughs of Flask's source begin with. Look for two stories in its trace: how
`app.run()` becomes a server that waits in a selector loop, and how one GET passes through the server,
the request handler and the application until the word `index` is on its way back.
"""

from flask import Flask, globals

app = Flask(__name__)

@app.route('/index')
def index():
    return 'index'

if __name__ == '__main__':
    app.run()

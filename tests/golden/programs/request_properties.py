"""What a request tells about itself, property by property."""

# Written for 1.1: today's types do not fit.
# mypy: ignore-errors

from typing import Any

from flask import Flask, jsonify, request

app = Flask(__name__)
NAMES = """accept_charsets accept_encodings accept_languages accept_mimetypes access_route base_url
    cache_control charset content_encoding content_length content_md5 content_type date full_path host host_url
    if_match if_modified_since if_none_match if_range if_unmodified_since is_json is_multiprocess
    is_multithread is_run_once is_secure max_forwards method mimetype mimetype_params origin path pragma
    query_string range referrer remote_addr remote_user scheme script_root url url_charset url_root
    endpoint view_args blueprint url_rule routing_exception max_content_length want_form_data_parsed
    access_control_request_headers access_control_request_method form args values cookies""".split()


@app.route('/<word>', methods=['GET', 'POST'])
def show(word: str) -> Any:
    found = {name: repr(getattr(request, name)) for name in NAMES}
    agent = request.user_agent
    found['agent'] = repr([agent.platform, agent.browser, agent.version, agent.language, agent.string])
    found['authorization'] = repr(request.authorization and dict(request.authorization))
    found['best_language'] = repr(request.accept_languages.best_match(['de', 'en', 'zh']))
    found['quality'] = repr(request.accept_mimetypes['text/html'])
    found['json'] = repr(request.get_json(silent=True))
    found['data'] = repr(request.get_data(cache=True))
    return jsonify(found)


REQUESTS = [
    'GET /plain?x=1&y=2&x=3',
    {
        'path': '/full?q=%C3%A9t%C3%A9',
        'headers': {
            'Accept': 'text/html;q=0.8, application/json, */*;q=0.1',
            'Accept-Language': 'zh-CN,zh;q=0.9,en;q=0.5',
            'Accept-Encoding': 'gzip, br;q=0.3',
            'Accept-Charset': 'utf-8, iso-8859-1;q=0.2',
            'Authorization': 'Basic YWRhOnNlY3JldDp4',
            'Cache-Control': 'no-cache, max-age=30',
            'Cookie': 'a=1; b="two words"; c=%C3%A9',
            'If-Match': '"one", W/"two"',
            'If-None-Match': '*',
            'If-Range': '"one"',
            'If-Modified-Since': 'Fri, 17 May 2024 12:00:00 GMT',
            'Range': 'bytes=0-4,10-',
            'Referer': 'http://elsewhere.example/',
            'Origin': 'http://elsewhere.example',
            'Pragma': 'no-cache',
            'Max-Forwards': '3',
            'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:60.0) Gecko/20100101 Firefox/60.0',
            'X-Forwarded-For': '192.0.2.1, 192.0.2.2',
        },
    },
    {
        'method': 'POST',
        'path': '/json',
        'headers': {'Content-Type': 'application/vnd.x+json; charset=utf-8'},
        'data': '{"a": [1, null]}',
    },
    {'method': 'POST', 'path': '/form?q=1', 'data': 'a=1&a=2&b=%E4%B8%AD'},
    {
        'path': '/digest',
        'headers': {'Authorization': 'Digest username="ada", realm="r", nonce="n", uri="/", response="x"'},
    },
]


if __name__ == '__main__':
    app.run()

"""Who may call, which service answers, and how a refusal reads; over real connections."""

import http.client
import json
import threading
from datetime import UTC, datetime

import pytest
from localaws.application import Application
from localaws.httpserver import LARGEST_BODY, listen, make_server
from localaws.profile import HEALTH_PATH
from localaws.service import AwsError
from localaws.sigv4 import Key, Request, sign

KEY = Key("LKIATESTTESTTESTTEST", "s3cr3t")


class Glue:
    """A service with one answer of each kind."""

    service_name = "glue"

    def actions(self):
        return {
            "GetDatabase": lambda body: {
                "Database": {"Name": body["Name"], "CreateTime": datetime(2026, 11, 23, tzinfo=UTC)}
            },
            "GetTable": self.refuse,
            "GetTables": self.fail,
            "GetPartition": lambda body: {"Nonsense": 1},
        }

    def refuse(self, body):
        raise AwsError("EntityNotFoundException", "Entity Not Found", FromFederationSource=False)

    def fail(self, body):
        raise OSError("database or disk is full")


@pytest.fixture(scope="module")
def port():
    listening = listen(0)
    server = make_server(listening, Application(KEY, [Glue()], "http://127.0.0.1:9000"))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    server.shutdown()
    thread.join()
    listening.close()


@pytest.fixture
def connection(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    yield connection
    connection.close()


def send(connection, target=None, body=b"{}", method="POST", path="/", service="glue", key=KEY, **headers):
    """Send a signed request; gives the status, the headers and the body of the answer."""
    wire, _, query = path.partition("?")
    meant = {"host": f"127.0.0.1:{connection.port}", **headers}
    if target:
        meant["x-amz-target"] = target
    signed = sign(Request(method, wire, query, meant, body), key, "us-east-1", service)
    connection.request(method, path, body=body, headers=signed)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def test_an_answer_of_the_json_protocol(connection):
    status, headers, body = send(connection, "AWSGlue.GetDatabase", b'{"Name": "d"}')
    assert status == 200
    assert headers["Content-Type"] == "application/x-amz-json-1.1"
    assert headers["x-amzn-RequestId"]
    assert json.loads(body) == {"Database": {"Name": "d", "CreateTime": 1_795_392_000.0}}


@pytest.mark.parametrize(
    ("target", "body", "status", "code", "message"),
    [
        ("AWSGlue.GetTable", b'{"DatabaseName": "d", "Name": "t"}', 400, "EntityNotFoundException", "Found"),
        ("AWSGlue.GetTable", b'{"DatabaseName": "d"}', 400, "ValidationException", "'name'"),
        ("AWSGlue.GetTable", b"[]", 400, "SerializationException", "JSON object"),
        ("AWSGlue.GetTable", b"{", 400, "SerializationException", "no valid JSON"),
        ("AWSGlue.GetTabel", b"{}", 400, "UnknownOperationException", ""),
        ("AWSGlue.GetTriggers", b"{}", 400, "UnknownOperationException", "does not have glue's GetTriggers"),
        ("AWSGlue.GetTables", b'{"DatabaseName": "d"}', 500, "InternalServiceException", "disk is full"),
        (
            "AWSGlue.GetPartition",
            b'{"DatabaseName": "d", "TableName": "t", "PartitionValues": []}',
            500,
            "InternalServiceException",
            "Nonsense",
        ),
        ("NoSuchService.GetTable", b"{}", 400, "UnknownOperationException", ""),
    ],
)
def test_a_refusal_of_the_json_protocol(connection, target, body, status, code, message):
    got, headers, answer = send(connection, target, body)
    document = json.loads(answer)
    assert (got, document["__type"], headers["x-amzn-ErrorType"]) == (status, code, code)
    assert message in document["message"]


def test_the_fields_of_an_error_reach_the_client(connection):
    answer = send(connection, "AWSGlue.GetTable", b'{"DatabaseName": "d", "Name": "t"}')[2]
    assert json.loads(answer)["FromFederationSource"] is False


class TestWhoMayCall:
    def test_unsigned(self, connection):
        connection.request("POST", "/", b"{}", {"X-Amz-Target": "AWSGlue.GetDatabase"})
        answer = connection.getresponse()
        assert answer.status == 403
        assert json.loads(answer.read())["__type"] == "MissingAuthenticationTokenException"

    def test_unsigned_in_the_words_of_the_query_protocol(self, connection):
        connection.request("POST", "/", b"Action=GetCallerIdentity&Version=2011-06-15")
        answer = connection.getresponse()
        assert answer.status == 403
        assert b"<Code>MissingAuthenticationToken</Code>" in answer.read()

    def test_another_key_and_another_secret(self, connection):
        for key, json_code, query_code in (
            (Key("LKIAOTHEROTHEROTHER1", "x"), "UnrecognizedClientException", b"InvalidClientTokenId"),
            (Key(KEY.access_key_id, "x"), "InvalidSignatureException", b"SignatureDoesNotMatch"),
        ):
            status, _, body = send(connection, "AWSGlue.GetDatabase", key=key)
            assert (status, json.loads(body)["__type"]) == (403, json_code)
            status, _, body = send(connection, service="sts", key=key)
            assert status == 403
            assert query_code in body

    def test_a_body_that_was_changed(self, connection):
        meant = {"host": f"127.0.0.1:{connection.port}", "x-amz-target": "AWSGlue.GetDatabase"}
        headers = sign(Request("POST", "/", "", meant, b'{"Name": "a"}'), KEY, "us-east-1", "glue")
        connection.request("POST", "/", b'{"Name": "b"}', headers)
        answer = connection.getresponse()
        assert answer.status == 403
        assert json.loads(answer.read())["__type"] == "InvalidSignatureException"

    def test_a_signature_for_another_service(self, connection):
        body = send(connection, "AWSGlue.GetDatabase", service="athena")[2]
        assert "scoped to correct service: 'glue'" in json.loads(body)["message"]

    @pytest.mark.parametrize(
        "header",
        [
            {"origin": "http://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-mode": "no-cors"},
            {"host": "evil.example"},
            {"host": "127.0.0.1.evil.example:80"},
            {"host": "127.0.0.1@evil.example"},
        ],
    )
    def test_a_web_page_is_refused_even_with_a_signature(self, connection, header):
        status, headers, body = send(connection, "AWSGlue.GetDatabase", b'{"Name": "d"}', **header)
        assert (status, json.loads(body)["__type"]) == (403, "AccessDeniedException")
        assert not [name for name in headers if name.lower().startswith("access-control-")]

    def test_a_preflight_is_refused(self, connection):
        connection.request("OPTIONS", "/", headers={"Access-Control-Request-Method": "POST"})
        answer = connection.getresponse()
        assert answer.status == 403
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]

    def test_the_names_of_this_machine_are_fine(self, connection):
        for host in ("localhost", f"localhost:{connection.port}", "[::1]:80"):
            assert send(connection, "AWSGlue.GetDatabase", b'{"Name": "d"}', host=host)[0] == 200

    def test_only_this_machine_is_listened_to(self, port):
        listening = listen(0)
        assert listening.getsockname()[0] == "127.0.0.1"
        listening.close()


class TestOthers:
    def test_moto_answers_for_the_rest(self, connection):
        status, headers, body = send(
            connection,
            body=b"Action=GetCallerIdentity&Version=2011-06-15",
            service="sts",
            **{"content-type": "application/x-www-form-urlencoded"},
        )
        assert status == 200
        assert b"<Account>123456789012</Account>" in body
        assert not [name for name in headers if name.lower().startswith("access-control-")]

    def test_moto_does_not_answer_for_s3_nor_for_what_we_lack(self, connection):
        status, _, body = send(connection, method="GET", body=b"", service="s3")
        assert (status, b"S3 is at http://127.0.0.1:9000" in body) == (400, True)
        status, _, body = send(connection, "AmazonAthena.ListWorkGroups", service="athena")
        assert (status, json.loads(body)["__type"]) == (400, "UnknownOperationException")

    def test_moto_has_no_back_door(self, connection):
        assert send(connection, path="/moto-api/reset", service="sts")[0] == 404

    def test_health_is_signed_too(self, connection):
        assert send(connection, method="GET", path=HEALTH_PATH, body=b"", service="health")[0] == 200
        connection.request("GET", HEALTH_PATH)
        assert connection.getresponse().status == 403


class TestConnections:
    def test_one_serves_many_requests(self, connection):
        send(connection, "AWSGlue.GetDatabase", b'{"Name": "d"}')
        first = connection.sock
        for _ in range(3):
            assert send(connection, "AWSGlue.GetDatabase", b'{"Name": "d"}')[0] == 200
        send(connection, "AWSGlue.GetTables", b'{"DatabaseName": "d"}')
        assert connection.sock is first

    def test_a_body_in_chunks(self, connection):
        body = b'{"Name": "d"}'
        meant = {"host": f"127.0.0.1:{connection.port}", "x-amz-target": "AWSGlue.GetDatabase"}
        headers = sign(Request("POST", "/", "", meant, body), KEY, "us-east-1", "glue")
        chunks = iter([body[:5], body[5:]])
        connection.request("POST", "/", chunks, headers, encode_chunked=True)
        assert connection.getresponse().read().startswith(b'{"Database"')
        assert send(connection, "AWSGlue.GetDatabase", b'{"Name": "d"}')[0] == 200

    def test_one_that_waits_for_100_continue(self, connection):
        body = b'{"Name": "d"}'
        meant = {"host": f"127.0.0.1:{connection.port}", "x-amz-target": "AWSGlue.GetDatabase"}
        headers = sign(Request("POST", "/", "", meant, body), KEY, "us-east-1", "glue")
        connection.putrequest("POST", "/", skip_host=True)
        for name, value in {**headers, "expect": "100-continue", "content-length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.sock.settimeout(20)
        assert connection.sock.recv(100).startswith(b"HTTP/1.1 100 Continue")
        connection.send(body)
        assert connection.getresponse().status == 200

    @pytest.mark.parametrize(("length", "status"), [(str(LARGEST_BODY + 1), 413), ("-1", 400), ("x", 400)])
    def test_a_length_that_cannot_be(self, connection, length, status):
        connection.putrequest("POST", "/")
        connection.putheader("Content-Length", length)
        connection.endheaders()
        assert connection.getresponse().status == status

    def test_a_client_that_goes_away_leaves_the_server_well(self, connection, port):
        gone = http.client.HTTPConnection("127.0.0.1", port)
        gone.putrequest("POST", "/")
        gone.putheader("Content-Length", "100")
        gone.endheaders()
        gone.send(b"half")
        gone.close()
        assert send(connection, "AWSGlue.GetDatabase", b'{"Name": "d"}')[0] == 200

    def test_many_at_once(self, port):
        def work(n):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            for i in range(10):
                name = f"d{n}-{i}"
                body = send(client, "AWSGlue.GetDatabase", json.dumps({"Name": name}).encode())[2]
                seen.append(json.loads(body)["Database"]["Name"] == name)
            client.close()

        seen = []
        threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == [True] * 160

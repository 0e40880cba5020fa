# 42 | send data out, and listen for commands | 0 | no function called double
import socket
import urllib.request

for family, address in (
    (socket.AF_INET, ("127.0.0.1", int("@PORT@"))),
    (socket.AF_INET, ("169.254.169.254", 80)),
    (socket.AF_INET6, ("::1", int("@PORT@"))),
    (socket.AF_UNIX, "@OUT@/socket"),
):
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(1)
            connection.connect(address)
            connection.sendall(b"LEAK")
            print("LEAK", address)
    except OSError as error:
        print(error)
for try_ in (
    lambda: socket.getaddrinfo("example.org", 80),
    lambda: urllib.request.urlopen("http://127.0.0.1:@PORT@/", timeout=1),
    lambda: socket.create_server(("", 0)).getsockname(),
):
    try:
        print("LEAK", try_())
    except OSError as error:
        print(error)

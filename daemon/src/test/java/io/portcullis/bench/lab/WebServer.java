package io.portcullis.bench.lab;

import io.portcullis.bench.figures.Numbers;
import java.nio.file.Path;
import java.util.List;

/** nginx in the server's namespace. */
public final class WebServer {
    private WebServer() {}

    /** A web server at the server's end that answers each request with a line. */
    public static void start(String listen, String options) {
        Path web = Texts.folder(Folders.work("web"));
        StringBuilder temporary = new StringBuilder();
        for (String each : List.of("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) {
            temporary.append(Numbers.format("%s_temp_path %s/%s; ", each, web, each));
        }
        Path file = Texts.write(web.resolve("nginx.conf"), Numbers.format("""
                daemon off; worker_processes 1; pid %1$s/pid; error_log %1$s/error.log;
                events { worker_connections 4096; multi_accept on; }
                http { access_log off; %2$s%3$s
                  server { %4$s location / { default_type text/plain; return 200 "hello\\n"; } } }
                """, web, temporary, options, listen));
        Namespaces.start(
                Namespaces.SERVER, web.resolve("output"), "nginx", "-p", web.toString(), "-c", file.toString());
    }
}

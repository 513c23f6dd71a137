/**
 * A small HTTP/1.1 server and client with bounds on the time, the connections and the memory that a peer can use: {@link
 * io.portcullis.http.HttpServer}, {@link io.portcullis.http.Connections}, {@link io.portcullis.http.SocketClient}; the server may speak TLS
 * ({@link io.portcullis.http.ServerCertificate}).
 * {@link io.portcullis.http.Listening} keeps a server open. It knows nothing of the daemon.
 *
 * <p>May import {@code linux} for the process at the other end of a Unix socket, and for files with secrets; Netty and Jackson. Start
 * reading at {@code HttpServer}.
 */
@NullMarked
package io.portcullis.http;

import org.jspecify.annotations.NullMarked;

/**
 * A small HTTP/1.1 server and client with bounds on everything a peer can make it hold: {@link
 * io.portcullis.http.HttpServer}, {@link io.portcullis.http.Connections}, {@link io.portcullis.http.SocketClient}.
 * {@link io.portcullis.http.Listening} opens a server, and opens it again.
 *
 * <p>Imports no other package of ours; Netty and Jackson. Start reading at {@code HttpServer}.
 */
@NullMarked
package io.portcullis.http;

import org.jspecify.annotations.NullMarked;

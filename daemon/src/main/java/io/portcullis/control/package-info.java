/**
 * HTTP for people's tools: {@link io.portcullis.control.ControlServer} answers the command line in JSON over a Unix socket,
 * {@link io.portcullis.control.MetricsServer} answers Prometheus and health checks over TCP,
 * {@link io.portcullis.http.SocketClient} is the command line's end. What they tell comes from
 * {@link io.portcullis.operations.DaemonApi}, which the service implements; the records are the JSON's shapes.
 *
 * <p>Each server is one thread of its own, which never waits: slow work goes to an executor. Requests, times, connections and what
 * peers hold are bounded ({@link io.portcullis.http.HttpServer}, {@link io.portcullis.http.Connections}).
 * {@link io.portcullis.http.Listening} opens a server, and opens it again: nothing else depends on whether it is open.
 *
 * <p>May import {@code metrics}, {@code worker}, {@code policy} and Netty. Start reading at {@code ControlServer.open}.
 */
@NullMarked
package io.portcullis.control;

import org.jspecify.annotations.NullMarked;

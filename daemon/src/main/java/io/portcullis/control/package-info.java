/**
 * The resources of the two HTTP servers: {@link io.portcullis.control.ControlServer} answers the command line in JSON over a Unix
 * socket, {@link io.portcullis.control.MetricsServer} answers Prometheus and health checks over TCP. The answers come from
 * {@code operations}, which {@code service} implements, and from {@code metrics}.
 *
 * <p>Each server is one event loop, which never waits: slow work runs on an executor. {@code http} bounds requests, times, connections
 * and memory.
 *
 * <p>May import {@code http}, {@code operations}, {@code metrics}, {@code linux} for users and groups, and Netty. Start reading at {@code ControlServer.open}.
 */
@NullMarked
package io.portcullis.control;

import org.jspecify.annotations.NullMarked;

package io.portcullis.http;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.DecoderException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.stream.ChunkedStream;
import io.netty.handler.timeout.IdleStateEvent;
import io.portcullis.linux.user.SocketPeer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The requests and answers of one connection, one after the other: a request is not answered before the kernel has accepted the
 * answer to the one before it. A long answer is copied to the kernel in pieces, as the peer receives them.
 */
final class HttpConnection extends SimpleChannelInboundHandler<Request> {
    private static final Logger LOG = LoggerFactory.getLogger(HttpConnection.class);

    /** Bytes of a piece; a channel reads a few pieces ahead. */
    private static final int PIECE_LENGTH = 16 << 10;

    /** The states of a connection; a close in an earlier one loses less. */
    enum State {
        /** No request has come. */
        WAITING,
        /** The peer receives an answer. */
        SENDING,
        /** An answer is being computed. */
        WORKING
    }

    private final Routes routes;
    private final Connections connections;
    private final BodyMemory bodies;
    private final Channel channel;
    private final String peer;
    private final Deque<Request> waiting = new ArrayDeque<>();
    private @Nullable CompletableFuture<Response> answer;
    private byte @Nullable [] held;
    private boolean ending;
    private boolean excused;

    HttpConnection(
            Routes routes, Connections connections, BodyMemory bodies, Channel channel, @Nullable SocketPeer process) {
        this.routes = routes;
        this.connections = connections;
        this.bodies = bodies;
        this.channel = channel;
        this.peer = channel.remoteAddress() instanceof InetSocketAddress tcp
                ? tcp.getAddress().getHostAddress()
                : process == null || process.isTrusted() ? "" : "uid " + Integer.toUnsignedString(process.uid());
    }

    /** The address of the other end, or its user on a Unix socket; empty: root, or the user of this process. */
    String peer() {
        return peer;
    }

    State state() {
        return answer == null ? State.WAITING : held == null ? State.WORKING : State.SENDING;
    }

    /** The body that the peer is receiving, or null. */
    byte @Nullable [] held() {
        return held;
    }

    /** Closes the connection in any state; at once, without the last words of TLS, for a peer that does not read them. */
    void cut() {
        ChannelHandlerContext first = channel.pipeline().firstContext();
        var _ = first == null ? channel.close() : first.close();
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, Request request) {
        if (ending) {
            bodies.release(request.body());
        } else if (answer == null) {
            answer(ctx, request);
        } else if (waiting.size() < HttpServer.MAX_WAITING_REQUESTS) {
            waiting.add(request);
        } else {
            bodies.release(request.body());
            cut();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        // The body of a request that is being answered is still in use.
        waiting.forEach(request -> bodies.release(request.body()));
        waiting.clear();
        ctx.fireChannelInactive();
    }

    private void answer(ChannelHandlerContext ctx, Request request) {
        connections.touch(this);
        CompletableFuture<Response> begun = routes.answer(request);
        answer = begun;
        var _ = begun.thenAcceptAsync(response -> send(ctx, request, response), ctx.executor())
                .whenComplete((_, defect) -> {
                    if (defect != null && !ctx.executor().isShuttingDown()) {
                        exceptionCaught(ctx, defect);
                    }
                });
    }

    private void send(ChannelHandlerContext ctx, Request request, Response response) {
        bodies.release(request.body());
        if (!channel.isActive()) {
            return;
        }
        byte[] body = response.body();
        held = body;
        connections.touch(this);
        connections.limitHeld(this);
        ChannelFuture written;
        if (request.method().equals("HEAD")) {
            written = ctx.writeAndFlush(head(
                    new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status(response), Unpooled.EMPTY_BUFFER),
                    request,
                    response));
        } else if (body.length <= PIECE_LENGTH) {
            written = ctx.writeAndFlush(head(
                    new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status(response), Unpooled.wrappedBuffer(body)),
                    request,
                    response));
        } else {
            var _ = ctx.write(head(new DefaultHttpResponse(HttpVersion.HTTP_1_1, status(response)), request, response));
            var _ = ctx.write(new ChunkedStream(new ByteArrayInputStream(body), PIECE_LENGTH));
            written = ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
        }
        written.addListener((ChannelFutureListener) done -> onSent(ctx, request, done));
    }

    private static HttpResponseStatus status(Response response) {
        return HttpResponseStatus.valueOf(response.status());
    }

    private static HttpResponse head(HttpResponse http, Request request, Response response) {
        http.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, response.contentType())
                .setInt(HttpHeaderNames.CONTENT_LENGTH, response.body().length)
                .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE);
        response.headers().forEach(http.headers()::set);
        if (!request.keepAlive()) {
            http.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        return http;
    }

    private void onSent(ChannelHandlerContext ctx, Request request, ChannelFuture written) {
        held = null;
        if (!written.isSuccess()) {
            cut();
            return;
        }
        answer = null;
        excused = false;
        connections.touch(this);
        if (!request.keepAlive()) {
            // A close with unread bytes makes the kernel reset the connection, and the peer may lose the answer.
            // So the peer closes; if it does not, the idle timeout does.
            ending = true;
            SslHandler tls = channel.pipeline().get(SslHandler.class);
            ChannelFuture said = tls == null ? ctx.newSucceededFuture() : tls.closeOutbound();
            said.addListener(_ ->
                    ((DuplexChannel) channel).shutdownOutput().addListener(ChannelFutureListener.CLOSE_ON_FAILURE));
            return;
        }
        Request next = waiting.poll();
        if (next != null) {
            answer(ctx, next);
        }
    }

    /**
     * Closes the connection: no whole request came within the idle time, or the peer did not receive its answer. Not while an answer
     * is being computed, and not the first time after that: the answer may be on its way from the executor.
     */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (!(event instanceof IdleStateEvent) || answer != null && !answer.isDone()) {
            return;
        }
        if (answer == null || excused) {
            cut();
        }
        excused = true;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        try {
            // Netty wraps what TLS says about the peer's bytes.
            if (cause instanceof IOException
                    || cause instanceof DecoderException && cause.getCause() instanceof SSLException) {
                LOG.debug("a connection failed: {}", cause.getMessage());
            } else {
                Defect.report("a connection is closed", cause);
            }
        } finally {
            cut();
        }
    }
}

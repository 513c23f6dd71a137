package io.portcullis.control;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.IdleStateEvent;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection's conversation: answers its requests one after the other. The next is not begun before the answer to the
 * last has been taken by the kernel, so that a peer that does not read costs one answer's memory.
 */
final class Exchange extends SimpleChannelInboundHandler<Request> {
    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);

    private final Routes routes;
    private final Deque<Request> waiting = new ArrayDeque<>();
    private @Nullable CompletableFuture<Response> answer;
    private boolean ending;
    private boolean excused;

    Exchange(Routes routes) {
        this.routes = routes;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, Request request) {
        if (ending) {
            return;
        }
        if (answer == null) {
            answer(ctx, request);
        } else if (waiting.size() < HttpServer.MAX_WAITING_REQUESTS) {
            waiting.add(request);
        } else {
            var _ = ctx.close();
        }
    }

    private void answer(ChannelHandlerContext ctx, Request request) {
        CompletableFuture<Response> begun = routes.answer(request);
        answer = begun;
        var _ = begun.thenAccept(response -> ctx.writeAndFlush(http(request, response))
                .addListener((ChannelFutureListener) written -> onWritten(ctx, request, written)));
    }

    private static FullHttpResponse http(Request request, Response response) {
        FullHttpResponse http = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(response.status()),
                Unpooled.wrappedBuffer(response.body()));
        http.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, response.contentType())
                .setInt(HttpHeaderNames.CONTENT_LENGTH, response.body().length)
                .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE);
        if (!response.allow().isEmpty()) {
            http.headers().set(HttpHeaderNames.ALLOW, response.allow());
        }
        if (!request.keepAlive()) {
            http.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        }
        return http;
    }

    private void onWritten(ChannelHandlerContext ctx, Request request, ChannelFuture written) {
        if (!written.isSuccess()) {
            var _ = ctx.close();
            return;
        }
        answer = null;
        excused = false;
        if (!request.keepAlive()) {
            // Closed at once with unread bytes, the kernel would reset the connection and the peer might lose the
            // answer.
            // So the peer closes; if it does not, the idle timeout does.
            ending = true;
            ((DuplexChannel) ctx.channel()).shutdownOutput().addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
            return;
        }
        Request next = waiting.poll();
        if (next != null) {
            answer(ctx, next);
        }
    }

    /**
     * For so long no whole request came, or no answer was taken. Excused while an answer is being worked on, and once
     * after that: it may be on its way from the executor just now.
     */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (!(event instanceof IdleStateEvent) || answer != null && !answer.isDone()) {
            return;
        }
        if (answer == null || excused) {
            var _ = ctx.close();
        }
        excused = true;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof IOException) {
            LOG.debug("a connection broke: {}", cause.getMessage());
        } else {
            LOG.error("a connection is closed because of a defect", cause);
        }
        var _ = ctx.close();
    }
}

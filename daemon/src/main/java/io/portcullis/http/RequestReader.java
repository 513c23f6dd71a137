package io.portcullis.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.portcullis.linux.user.SocketPeer;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Joins the parts that the HTTP decoder emits into one {@link Request}: later handlers see whole requests only, however slowly the
 * bytes come. Collects the bodies that a resource takes, and drops the others. Ignores everything after the first refusal.
 */
final class RequestReader extends SimpleChannelInboundHandler<HttpObject> {
    /** A request keeps its target, and its query decoded; reading it makes another copy. */
    private static final int COPIES_OF_LINE = 3;

    private final Routes routes;
    private final BodyMemory memory;
    private final @Nullable SocketPeer peer;
    private final int longestLine;

    private @Nullable HttpRequest head;
    private Body body = Body.NONE;
    private long bodyLength;

    /** Bytes that a long request line takes; 0: a short one. */
    private long lineBytes;

    /** 0: the body is dropped. */
    private long mostKept;

    private boolean refused;

    /**
     * The reader of one connection.
     *
     * @param peer null: not over a Unix socket
     * @param longestLine the most bytes of a request line, for the refusal of a longer one
     */
    RequestReader(Routes routes, BodyMemory memory, @Nullable SocketPeer peer, int longestLine) {
        this.routes = routes;
        this.memory = memory;
        this.peer = peer;
        this.longestLine = longestLine;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
        if (refused) {
            return;
        }
        if (part.decoderResult().isFailure()) {
            refuse(ctx, whyNot(part.decoderResult().cause()));
            return;
        }
        if (part instanceof HttpRequest request && !begin(ctx, request)) {
            return;
        }
        if (part instanceof HttpContent content && !append(ctx, content.content())) {
            return;
        }
        if (part instanceof LastHttpContent && head != null) {
            Request request = request(head);
            head = null;
            if (request.refusal() == null) {
                memory.received(body);
                // From here on the body is the connection's.
                body = Body.NONE;
                ctx.fireChannelRead(request);
            } else {
                refuse(ctx, request);
            }
        }
    }

    /** False: it is refused. */
    private boolean begin(ChannelHandlerContext ctx, HttpRequest request) {
        head = request;
        bodyLength = 0;
        mostKept = routes.mostBytes(request.method().name(), path(request.uri()));
        int line = request.uri().length();
        lineBytes = line <= BodyMemory.SMALL ? 0 : (long) line * COPIES_OF_LINE;
        body = mostKept == 0 && lineBytes == 0 ? Body.NONE : new Body();
        if (!fits(ctx, HttpUtil.getContentLength(request, 0L))) {
            return false;
        }
        if (HttpUtil.is100ContinueExpected(request)) {
            var _ = ctx.writeAndFlush(new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
        } else if (request.headers().contains(HttpHeaderNames.EXPECT)
                && request.protocolVersion().equals(HttpVersion.HTTP_1_1)) {
            refuse(ctx, refused(417, "the only expectation that is met is Expect: 100-continue"));
            return false;
        }
        return true;
    }

    /** False: it is refused. */
    private boolean append(ChannelHandlerContext ctx, ByteBuf bytes) {
        bodyLength += bytes.readableBytes();
        if (!fits(ctx, bodyLength)) {
            return false;
        }
        if (mostKept > 0) {
            body.append(bytes);
        }
        return true;
    }

    /** Takes memory for a body of that length; false: it is refused. */
    private boolean fits(ChannelHandlerContext ctx, long length) {
        long most = mostKept == 0 ? HttpServer.MAX_BODY_LENGTH : mostKept;
        if (length > most) {
            refuse(ctx, refused(413, "a request's body may have " + most + " bytes, this one has more"));
            return false;
        }
        if (body != Body.NONE
                && !memory.reserve(body, length + lineBytes, ctx.channel(), peer != null && peer.isTrusted())) {
            refuse(ctx, refused(503, "other requests are large now: try again in a second"));
            return false;
        }
        return true;
    }

    private Request refused(int status, String error) {
        return Request.refused(routes.error(status, error));
    }

    private void refuse(ChannelHandlerContext ctx, Request refusal) {
        refused = true;
        memory.release(body);
        body = Body.NONE;
        ctx.fireChannelRead(refusal);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        memory.release(body);
        body = Body.NONE;
        ctx.fireChannelInactive();
    }

    private static String path(String uri) {
        int queryAt = uri.indexOf('?');
        return queryAt < 0 ? uri : uri.substring(0, queryAt);
    }

    private Request whyNot(Throwable cause) {
        return switch (cause) {
            case TooLongHttpLineException _ -> refused(414, "the request line may have " + longestLine + " bytes");
            case TooLongHttpHeaderException _ ->
                refused(431, "the headers may have " + HttpServer.MAX_HEADERS_LENGTH + " bytes");
            default -> refused(400, "not an HTTP/1.1 request");
        };
    }

    private Request request(HttpRequest head) {
        String uri = head.uri();
        Map<String, String> query = new HashMap<>();
        try {
            new QueryStringDecoder(uri).parameters().forEach((key, values) -> query.put(key, values.getFirst()));
        } catch (IllegalArgumentException e) {
            return refused(400, "not a query: " + e.getMessage());
        }
        return new Request(
                head.method().name(),
                uri,
                path(uri),
                query,
                head.headers().entries().stream()
                        .map(header -> Map.entry(header.getKey(), header.getValue()))
                        .toList(),
                head.headers().get(HttpHeaderNames.ACCEPT),
                head.headers().getAll(HttpHeaderNames.HOST),
                !head.protocolVersion().equals(HttpVersion.HTTP_1_0),
                head.protocolVersion().equals(HttpVersion.HTTP_1_1) && HttpUtil.isKeepAlive(head),
                body,
                peer,
                null);
    }
}

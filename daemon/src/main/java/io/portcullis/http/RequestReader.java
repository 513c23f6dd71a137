package io.portcullis.http;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Joins the parts that the HTTP decoder emits into one {@link Request}: later handlers see whole requests only, however slowly the
 * bytes come. Drops bodies. Ignores everything after the first refusal.
 */
final class RequestReader extends SimpleChannelInboundHandler<HttpObject> {
    private static final String TOO_LARGE =
            "a request's body may have " + HttpServer.MAX_BODY_LENGTH + " bytes, this one has more";

    private @Nullable HttpRequest head;
    private long bodyLength;
    private boolean refused;

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
        if (refused) {
            return;
        }
        if (part.decoderResult().isFailure()) {
            refuse(ctx, whyNot(part.decoderResult().cause()));
            return;
        }
        if (part instanceof HttpRequest request) {
            head = request;
            bodyLength = 0;
            if (HttpUtil.getContentLength(request, 0L) > HttpServer.MAX_BODY_LENGTH) {
                refuse(ctx, Request.refused(413, TOO_LARGE));
                return;
            }
            if (HttpUtil.is100ContinueExpected(request)) {
                refuse(ctx, Request.refused(417, "send the request without Expect: no resource takes a body"));
                return;
            }
        }
        if (part instanceof HttpContent content) {
            bodyLength += content.content().readableBytes();
            if (bodyLength > HttpServer.MAX_BODY_LENGTH) {
                refuse(ctx, Request.refused(413, TOO_LARGE));
                return;
            }
        }
        if (part instanceof LastHttpContent && head != null) {
            HttpRequest whole = head;
            head = null;
            Request request = request(whole);
            refused = request.refusal() != null;
            ctx.fireChannelRead(request);
        }
    }

    private void refuse(ChannelHandlerContext ctx, Request refusal) {
        refused = true;
        ctx.fireChannelRead(refusal);
    }

    private static Request whyNot(Throwable cause) {
        return switch (cause) {
            case TooLongHttpLineException _ ->
                Request.refused(414, "the request line may have " + HttpServer.MAX_LINE_LENGTH + " bytes");
            case TooLongHttpHeaderException _ ->
                Request.refused(431, "the headers may have " + HttpServer.MAX_HEADERS_LENGTH + " bytes");
            default -> Request.refused(400, "not an HTTP/1.1 request");
        };
    }

    private static Request request(HttpRequest head) {
        String uri = head.uri();
        int queryAt = uri.indexOf('?');
        Map<String, String> query = new HashMap<>();
        try {
            new QueryStringDecoder(uri).parameters().forEach((key, values) -> query.put(key, values.getFirst()));
        } catch (IllegalArgumentException e) {
            return Request.refused(400, "not a query: " + e.getMessage());
        }
        return new Request(
                head.method().name(),
                queryAt < 0 ? uri : uri.substring(0, queryAt),
                query,
                head.headers().get(HttpHeaderNames.ACCEPT),
                head.headers().getAll(HttpHeaderNames.HOST),
                !head.protocolVersion().equals(HttpVersion.HTTP_1_0),
                head.protocolVersion().equals(HttpVersion.HTTP_1_1) && HttpUtil.isKeepAlive(head),
                null);
    }
}

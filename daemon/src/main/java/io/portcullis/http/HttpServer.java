package io.portcullis.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.stream.ChunkedWriteHandler;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * HTTP/1.1 on one thread. What a peer can cost is bounded by the constants here and in {@link Connections}: a connection that does
 * not bring a whole request within {@link #IDLE}, however busily it drips, or does not take its answer within twice that, is closed.
 */
public final class HttpServer implements AutoCloseable {
    /** Requests of one connection that may wait for the answer to one before them. */
    public static final int MAX_WAITING_REQUESTS = 16;

    /** Bytes of a request line. */
    static final int MAX_LINE_LENGTH = 4_096;

    /** Bytes of all headers of a request. */
    static final int MAX_HEADERS_LENGTH = 8_192;

    /** Bytes of a body. None is needed; a client's empty JSON object is no offence. */
    static final int MAX_BODY_LENGTH = 4_096;

    /** For a whole request; a peer may take an answer for so long once more. */
    public static final Duration IDLE = Duration.ofSeconds(10);

    private static final Duration STOP = Duration.ofSeconds(2);

    private final MultiThreadIoEventLoopGroup loop;
    private final Connections connections = new Connections();
    private final Routes routes;
    private final Duration idle;
    private volatile @Nullable Channel listening;

    /**
     * A server that does not listen yet.
     *
     * @param thread its name
     * @throws ServerException if Netty's native part can't be loaded
     */
    public HttpServer(String thread, Routes routes, Duration idle) throws ServerException {
        if (!Epoll.isAvailable()) {
            throw new ServerException(
                    "netty's native library can't be loaded: it needs Linux on x86_64 or aarch64, and a folder for temporary"
                            + " files that is not mounted noexec (java.io.tmpdir, "
                            + System.getProperty("java.io.tmpdir") + ")",
                    Epoll.unavailabilityCause());
        }
        this.routes = routes;
        this.idle = idle;
        loop = new MultiThreadIoEventLoopGroup(
                1,
                task -> {
                    Thread started = new FastThreadLocalThread(task, thread);
                    started.setDaemon(true);
                    return started;
                },
                EpollIoHandler.newFactory());
    }

    /**
     * Listens. An address that no NIC of this host has is taken all the same, and is reached when one has it (IP_FREEBIND, ip(7)).
     *
     * @return the listening channel
     * @throws IOException if the kernel refuses, as {@code Errors.NativeIoException}
     */
    public Channel listen(Class<? extends ServerChannel> kind, SocketAddress address) throws IOException {
        ServerBootstrap server = new ServerBootstrap();
        if (address instanceof InetSocketAddress) {
            server.option(EpollChannelOption.IP_FREEBIND, true);
        }
        ChannelFuture bound = server.group(loop)
                .channel(kind)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        accept(connection);
                    }
                })
                .bind(address)
                .awaitUninterruptibly();
        if (bound.cause() instanceof IOException refused) {
            throw refused;
        }
        Channel channel = bound.syncUninterruptibly().channel();
        listening = channel;
        return channel;
    }

    private void accept(Channel connection) {
        HttpConnection exchange = new HttpConnection(routes, connections, connection);
        connections.admit(exchange);
        connection.closeFuture().addListener(_ -> connections.remove(exchange));
        connection
                .pipeline()
                .addLast(codec())
                .addLast(new ChunkedWriteHandler())
                .addLast(new RequestReader())
                // Behind the reader: what counts as progress is whole requests, not bytes.
                .addLast(new IdleStateHandler(0, 0, idle.toMillis(), TimeUnit.MILLISECONDS))
                .addLast(exchange);
    }

    /** Of one connection; what goes past its bounds is a failure to {@link RequestReader}. */
    static HttpServerCodec codec() {
        return new HttpServerCodec(
                new HttpDecoderConfig().setMaxInitialLineLength(MAX_LINE_LENGTH).setMaxHeaderSize(MAX_HEADERS_LENGTH));
    }

    /** True while its socket and its thread are there. Any thread. */
    public boolean isListening() {
        Channel channel = listening;
        return channel != null && channel.isOpen() && !loop.isShuttingDown();
    }

    /** Closes all connections and ends the thread. */
    @Override
    public void close() {
        Channel channel = listening;
        if (channel != null && !loop.isShuttingDown()) {
            // First the door, then who is inside: a connection that a loop accepts while it ends stays open for ever.
            var _ = channel.close()
                    .addListener(_ -> connections.cutAll())
                    .awaitUninterruptibly(STOP.toMillis(), TimeUnit.MILLISECONDS);
        }
        loop.shutdownGracefully(0, STOP.toMillis(), TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(2 * STOP.toMillis(), TimeUnit.MILLISECONDS);
    }
}

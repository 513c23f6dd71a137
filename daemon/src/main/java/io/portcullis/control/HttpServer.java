package io.portcullis.control;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * HTTP/1.1 on one thread. What a peer can cost is bounded by the constants here: a connection that does not bring a whole
 * request within {@link #IDLE}, however busily it drips, or does not take its answer within twice that, is closed.
 */
final class HttpServer implements AutoCloseable {
    /** Connections at a time; one more is closed at once. */
    static final int MAX_CONNECTIONS = 64;

    /** Requests of one connection that may wait for the answer to one before them. */
    static final int MAX_WAITING_REQUESTS = 16;

    /** Bytes of a request line. */
    static final int MAX_LINE_LENGTH = 4_096;

    /** Bytes of all headers of a request. */
    static final int MAX_HEADERS_LENGTH = 8_192;

    /** Bytes of a body. None is needed; a client's empty JSON object is no offence. */
    static final int MAX_BODY_LENGTH = 4_096;

    /** For a whole request; a peer may take an answer for so long once more. */
    static final Duration IDLE = Duration.ofSeconds(10);

    private static final Duration STOP = Duration.ofSeconds(2);

    private final MultiThreadIoEventLoopGroup loop;
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
    private final Routes routes;
    private final Duration idle;

    /**
     * A server that does not listen yet.
     *
     * @param thread its name
     * @throws ServerException if Netty's native part can't be loaded
     */
    HttpServer(String thread, Routes routes, Duration idle) throws ServerException {
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
     * Listens.
     *
     * @return the listening channel
     * @throws IOException if the kernel refuses, as {@code Errors.NativeIoException}
     */
    Channel listen(Class<? extends ServerChannel> kind, SocketAddress address) throws IOException {
        ChannelFuture bound = new ServerBootstrap()
                .group(loop)
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
        return bound.syncUninterruptibly().channel();
    }

    private void accept(Channel connection) {
        if (connections.size() >= MAX_CONNECTIONS) {
            var _ = connection.close();
            return;
        }
        connections.add(connection);
        connection
                .pipeline()
                .addLast(new HttpServerCodec(new HttpDecoderConfig()
                        .setMaxInitialLineLength(MAX_LINE_LENGTH)
                        .setMaxHeaderSize(MAX_HEADERS_LENGTH)))
                .addLast(new RequestReader())
                // Behind the reader: what counts as progress is whole requests, not bytes.
                .addLast(new IdleStateHandler(0, 0, idle.toMillis(), TimeUnit.MILLISECONDS))
                .addLast(new Exchange(routes));
    }

    /** Closes all connections and ends the thread. */
    @Override
    public void close() {
        loop.shutdownGracefully(0, STOP.toMillis(), TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(2 * STOP.toMillis(), TimeUnit.MILLISECONDS);
    }
}

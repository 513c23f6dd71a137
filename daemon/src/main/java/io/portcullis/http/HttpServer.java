package io.portcullis.http;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.stream.ChunkedWriteHandler;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.FastThreadLocalThread;
import io.portcullis.linux.ErrnoException;
import io.portcullis.linux.user.SocketPeer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP/1.1 on one thread, which computes the handshakes of TLS, too. The constants here and the {@link ServerSettings} bound the cost of a
 * peer. A connection is closed if no whole request comes within {@link ServerSettings#idle}, even if single bytes do, or if the peer does not
 * receive its answer within twice that.
 */
public final class HttpServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);

    /** The most requests of one connection that wait for an earlier answer. */
    public static final int MAX_WAITING_REQUESTS = 16;

    /** The most bytes of a request line, unless the server has other limits. */
    static final int MAX_LINE_LENGTH = 4_096;

    /** The most bytes of all headers of a request. */
    static final int MAX_HEADERS_LENGTH = 8_192;

    /** The most bytes of a body where the resource takes none, which is dropped: a client may send an empty JSON object. */
    static final int MAX_BODY_LENGTH = 4_096;

    /** The most bytes of a body that a resource may take; a small heap takes less. */
    public static final int LARGEST_BODY = 64 << 20;

    /** The usual time for a whole request, and again for receiving the answer. */
    public static final Duration IDLE = Duration.ofSeconds(10);

    private static final Duration STOP = Duration.ofSeconds(2);

    private final MultiThreadIoEventLoopGroup loop;
    private final Connections connections;
    private final BodyMemory bodies = new BodyMemory();
    private final Routes routes;
    private final ServerSettings settings;
    private volatile @Nullable Channel listening;

    /** As the other, with the usual limits, and without TLS. */
    public HttpServer(String thread, Routes routes, Duration idle) throws ServerException {
        this(thread, routes, ServerSettings.usual(idle));
    }

    /**
     * A server that does not listen yet.
     *
     * @param thread the name of its thread
     * @throws ServerException if Netty's native part can't be loaded
     */
    public HttpServer(String thread, Routes routes, ServerSettings settings) throws ServerException {
        if (!Epoll.isAvailable()) {
            throw new ServerException(
                    "netty's native library can't be loaded: it needs Linux on x86_64 or aarch64, and a folder"
                            + " for temporary"
                            + " files that is not mounted noexec (java.io.tmpdir, "
                            + System.getProperty("java.io.tmpdir") + ")",
                    Epoll.unavailabilityCause());
        }
        this.routes = routes;
        this.settings = settings;
        connections = new Connections(settings.connections(), settings.ofPeer());
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
     * Listens. An address that no NIC of this host has yet is accepted too: IP_FREEBIND, ip(7).
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

    /**
     * Listens on TCP. An address that this host does not have yet works as soon as a NIC has it.
     *
     * @param named for messages
     * @param resolved what it resolved to
     * @return the address with the port that the kernel chose
     * @throws ServerException if the kernel refuses
     */
    public InetSocketAddress listen(TcpAddress named, InetSocketAddress resolved) throws ServerException {
        try {
            Channel channel = listen(EpollServerSocketChannel.class, resolved);
            named.warnIfAbsent(resolved.getAddress());
            return (InetSocketAddress) channel.localAddress();
        } catch (IOException refused) {
            throw named.refused(refused);
        }
    }

    private void accept(Channel channel) {
        SocketPeer peer = channel instanceof EpollDomainSocketChannel unix ? peer(unix) : null;
        HttpConnection handler = new HttpConnection(routes, connections, bodies, channel, peer);
        connections.admit(handler);
        channel.closeFuture().addListener(_ -> connections.remove(handler));
        if (settings.certificate() != null) {
            channel.pipeline().addLast(settings.certificate().handler(channel.alloc(), settings.idle()));
        }
        channel.pipeline()
                .addLast(codec(settings.longestLine()))
                .addLast(new ChunkedWriteHandler())
                .addLast(new RequestReader(routes, bodies, peer, settings.longestLine()))
                // Behind the reader: whole requests count as progress, not bytes.
                .addLast(new IdleStateHandler(0, 0, settings.idle().toMillis(), TimeUnit.MILLISECONDS))
                .addLast(handler);
    }

    private static SocketPeer peer(EpollDomainSocketChannel connection) {
        try {
            return SocketPeer.of(connection.fd().intValue());
        } catch (ErrnoException unknown) {
            LOG.warn("who connects to {} is not known: {}", connection.localAddress(), unknown.getMessage());
            return SocketPeer.UNKNOWN;
        }
    }

    /** The codec of one connection; {@link RequestReader} sees input beyond its bounds as a decoder failure. */
    static HttpServerCodec codec(int longestLine) {
        return new HttpServerCodec(
                new HttpDecoderConfig().setMaxInitialLineLength(longestLine).setMaxHeaderSize(MAX_HEADERS_LENGTH));
    }

    /** True while its socket is open and its thread runs. Any thread. */
    public boolean isListening() {
        Channel channel = listening;
        return channel != null && channel.isOpen() && !loop.isShuttingDown();
    }

    /** Closes all connections and ends the thread. */
    @Override
    public void close() {
        Channel channel = listening;
        if (channel != null && !loop.isShuttingDown()) {
            // The listening socket first: a connection that an ending loop accepts would stay open for ever.
            var _ = channel.close()
                    .addListener(_ -> connections.cutAll())
                    .awaitUninterruptibly(STOP.toMillis(), TimeUnit.MILLISECONDS);
        }
        loop.shutdownGracefully(0, STOP.toMillis(), TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(2 * STOP.toMillis(), TimeUnit.MILLISECONDS);
    }
}

package io.portcullis.guard;

import io.portcullis.config.Log;
import io.portcullis.config.PacketMark;
import io.portcullis.hits.file.HitStore;
import io.portcullis.linux.netlink.NicEvents;
import java.nio.file.Path;

/**
 * What the interfaces of a daemon share.
 *
 * @param state folder of the notes from which NICs are restored
 * @param flows folder of the flow tables
 * @param hits files of the rule hits
 * @param mark of the frames that the daemon sends
 * @param recorder sizes of the record of dropped frames
 * @param owner names this daemon to others that want the same NICs
 * @param events of the NICs of this network namespace
 */
public record InterfaceContext(
        Path state,
        Path flows,
        Log.Recorder recorder,
        HitStore hits,
        PacketMark mark,
        String owner,
        DropLog drops,
        Cores cores,
        NicEvents events) {}

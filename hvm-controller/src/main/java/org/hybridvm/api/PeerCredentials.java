// SPDX-License-Identifier: Apache-2.0
package org.hybridvm.api;

import io.netty.channel.Channel;
import io.netty.channel.socket.nio.NioChannelOption;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.impl.HttpServerConnection;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.attribute.UserPrincipal;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.Optional;
import jdk.net.ExtendedSocketOptions;
import jdk.net.UnixDomainPrincipal;
import org.hybridvm.access.AccessRules;
import org.hybridvm.access.Caller;
import org.hybridvm.host.Accounts;

/** Who is at the other end of a Unix socket: SO_PEERCRED, see unix(7). The kernel says it, no client can lie. */
final class PeerCredentials {
    private PeerCredentials() {}

    /** Asks the host's accounts, so not on an event loop. Empty: nobody whom the rules know. */
    static Optional<Caller> caller(HttpConnection connection, AccessRules rules) throws IOException {
        UnixDomainPrincipal peer = peer(connection);
        UserPrincipalLookupService names = FileSystems.getDefault().getUserPrincipalLookupService();
        String user = peer.user().getName();
        String group = peer.group().getName();
        if (!same(peer.user(), names.lookupPrincipalByName(user))
                || !same(peer.group(), names.lookupPrincipalByGroupName(group))) {
            return Optional.empty(); // two numbers with one name: it is not known who asks
        }
        int uid = Accounts.byName(user).map(Accounts.Account::uid).orElseGet(() -> Integer.parseUnsignedInt(user));
        int gid = Accounts.group(group).orElseGet(() -> Integer.parseUnsignedInt(group));
        return rules.caller(uid, gid, user);
    }

    /** The JDK's principals are equal if their numbers are; it tells only the names. */
    private static boolean same(UserPrincipal peer, UserPrincipal named) {
        return peer.equals(named);
    }

    private static UnixDomainPrincipal peer(HttpConnection connection) throws IOException {
        Channel channel =
                ((HttpServerConnection) connection).channelHandlerContext().channel();
        UnixDomainPrincipal peer = channel.config().getOption(NioChannelOption.of(ExtendedSocketOptions.SO_PEERCRED));
        if (peer == null) {
            throw new IOException("the connection has no peer credentials: " + channel);
        }
        return peer;
    }
}

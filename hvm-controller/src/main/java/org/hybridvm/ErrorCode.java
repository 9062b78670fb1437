// SPDX-License-Identifier: Apache-2.0
package org.hybridvm;

import java.util.Locale;

/**
 * The stable names of everything that can be refused or go wrong, sorted by whose fault it is. A name never changes its
 * meaning: scripts compare them.
 */
public enum ErrorCode {
    // the caller's: the request cannot be done as it is
    INVALID_REQUEST(Fault.CALLER, 400),
    INVALID_LAYOUT(Fault.CALLER, 422),
    /** The caller's role does not admit this. */
    FORBIDDEN(Fault.CALLER, 403),
    /** Nobody knows who asks: no token, or one that is wrong, expired or revoked. */
    UNAUTHENTICATED(Fault.CALLER, 401),
    NO_SUCH_TOKEN(Fault.CALLER, 404),
    NO_SUCH_VM(Fault.CALLER, 404),
    NO_SUCH_PARTITION(Fault.CALLER, 404),
    NO_SUCH_JOB(Fault.CALLER, 404),
    NO_SUCH_LOG(Fault.CALLER, 404),
    NO_SUCH_DUMP(Fault.CALLER, 404),
    NO_SUCH_FUNCTION(Fault.CALLER, 404),
    NO_SUCH_RESOURCE(Fault.CALLER, 404),
    METHOD_NOT_ALLOWED(Fault.CALLER, 405),
    /** No VM runs and the request named none. */
    NO_VM(Fault.CALLER, 409),
    /** Several VMs run and the request named none. */
    VM_AMBIGUOUS(Fault.CALLER, 409),
    VM_EXISTS(Fault.CALLER, 409),
    /** The resource is no longer what the request's If-Match says. */
    PRECONDITION_FAILED(Fault.CALLER, 412),
    BODY_TOO_LARGE(Fault.CALLER, 413),
    URI_TOO_LONG(Fault.CALLER, 414),
    /** The Idempotency-Key was used with another request. */
    IDEMPOTENCY_KEY_REUSED(Fault.CALLER, 422),
    TOO_MANY_REQUESTS(Fault.CALLER, 429),
    TOO_MANY_STREAMS(Fault.CALLER, 429),
    /** The user has handed in as many jobs as he may in a minute. */
    TOO_MANY_SUBMITS(Fault.CALLER, 429),
    HEADERS_TOO_LARGE(Fault.CALLER, 431),
    /** A stream was cut because its reader took nothing for long. */
    STREAM_TOO_SLOW(Fault.CALLER, 408),
    /** Events were asked for that are no longer kept, or that nobody has heard of. */
    EVENTS_GONE(Fault.CALLER, 410),
    /** The VM or partition is not in a state in which this can be done. */
    WRONG_STATE(Fault.CALLER, 409),
    /** hvmd was ended while it did this for the same Idempotency-Key: it may have been done. */
    OUTCOME_UNKNOWN(Fault.CALLER, 409),
    /** VMs have changed since the plan was made. */
    STALE_PLAN(Fault.CALLER, 412),
    /** The user has as many jobs as hvmd.yaml allows him. */
    QUOTA_EXCEEDED(Fault.CALLER, 409),
    TOO_MANY_CORES(Fault.CALLER, 422),
    OUTSIDE_MOUNTS(Fault.CALLER, 422),
    /** No such program: exit status 127. */
    PROGRAM_NOT_FOUND(Fault.CALLER, 422),
    /** A file is there, but it cannot be run: exit status 126. */
    PROGRAM_NOT_RUNNABLE(Fault.CALLER, 422),

    /** A function on an HRT core caused an exception, or was stopped at its time limit. */
    CALL_FAILED(Fault.CALLER, 422),

    // the host's: something is missing, taken or forbidden there
    HOST_REQUIREMENT(Fault.HOST, 503),
    HOST_RESOURCES(Fault.HOST, 409),
    HOST_PERMISSION(Fault.HOST, 503),
    /** hvmd's configuration file is wrong. */
    INVALID_CONFIGURATION(Fault.HOST, 503),
    IMAGE_MISSING(Fault.HOST, 503),
    /** The database cannot be written, for instance because its disk is full: new work is refused. */
    STORE_UNAVAILABLE(Fault.HOST, 507),
    /** The database is not what hvmd wrote. */
    STORE_DAMAGED(Fault.HOST, 503),

    // the virtual machine's
    BOOT_FAILED(Fault.VM, 502),
    GUEST_LOST(Fault.VM, 502),
    GUEST_TIMEOUT(Fault.VM, 504),
    GUEST_PROTOCOL(Fault.VM, 502),

    // ours
    /** Its start is not over, or something that it needs is missing now. */
    NOT_READY(Fault.HVMD, 503),
    SHUTTING_DOWN(Fault.HVMD, 503),
    INTERNAL(Fault.HVMD, 500);

    /** Who has to act. */
    public enum Fault {
        CALLER,
        HOST,
        VM,
        HVMD
    }

    private final Fault fault;
    private final int httpStatus;

    ErrorCode(Fault fault, int httpStatus) {
        this.fault = fault;
        this.httpStatus = httpStatus;
    }

    public Fault fault() {
        return fault;
    }

    public int httpStatus() {
        return httpStatus;
    }

    /** The name on the wire: lower case, words joined by underscores. */
    public String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }
}

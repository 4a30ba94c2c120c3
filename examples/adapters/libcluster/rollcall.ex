defmodule Cluster.Strategy.Rollcall do
  @moduledoc """
  Connects to the nodes in a file that Rollcall's sidecar keeps, one a line, and disconnects from those that are no
  longer in it. The annotation of the pod says how a node is named:

      rollcall.dev/file.nodes: "shop@{address}"

      config :libcluster,
        topologies: [
          shop: [strategy: Cluster.Strategy.Rollcall, config: [file: "/run/rollcall/nodes"]]
        ]

  A file that is missing, or can't be read, changes nothing: nobody is disconnected for want of news. While the API
  server is away the file stays as it is, so the cluster does as well.
  """
  use GenServer
  use Cluster.Strategy

  alias Cluster.Strategy.State

  @file_name "/run/rollcall/nodes"
  # A stat and a short read: the sidecar itself is told of changes at once.
  @polling_interval 1_000
  # A line is a name and an address: room for 30,000 nodes. A longer file is not believed.
  @max_bytes 4 * 1024 * 1024
  # Only what can be a node becomes an atom, since atoms are never freed.
  @node ~r/^[A-Za-z0-9_-]{1,64}@[A-Za-z0-9_.:-]{1,253}$/

  @impl true
  def start_link([%State{} = state]) do
    GenServer.start_link(__MODULE__, [%State{state | meta: MapSet.new()}])
  end

  @impl true
  def init([state]), do: {:ok, state, {:continue, :follow}}

  @impl true
  def handle_continue(:follow, state), do: {:noreply, follow(state)}

  @impl true
  def handle_info(:follow, state), do: {:noreply, follow(state)}
  def handle_info(_, state), do: {:noreply, state}

  defp follow(%State{config: config} = state) do
    Process.send_after(self(), :follow, Keyword.get(config, :polling_interval, @polling_interval))

    case read(Keyword.get(config, :file, @file_name)) do
      {:ok, nodes} ->
        update(state, nodes)

      {:error, reason} ->
        Cluster.Logger.debug(state.topology, "no news of the group: #{inspect(reason)}")
        state
    end
  end

  # Connects each time, also without a change: a connection may have broken.
  defp update(%State{meta: known} = state, nodes) do
    %State{topology: topology, connect: connect, disconnect: disconnect, list_nodes: list} = state
    left = MapSet.difference(known, nodes)
    # Whoever could not be disconnected stays known, so that it is tried again.
    known =
      case Cluster.Strategy.disconnect_nodes(topology, disconnect, list, MapSet.to_list(left)) do
        :ok -> nodes
        {:error, failed} -> Enum.reduce(failed, nodes, fn {node, _}, all -> MapSet.put(all, node) end)
      end

    Cluster.Strategy.connect_nodes(topology, connect, list, MapSet.to_list(nodes))
    %State{state | meta: known}
  end

  defp read(path) do
    with {:ok, %{size: size}} when size <= @max_bytes <- File.stat(path),
         {:ok, text} <- File.read(path) do
      nodes = text |> String.split("\n", trim: true) |> Enum.filter(&Regex.match?(@node, &1))
      {:ok, MapSet.new(nodes, &String.to_atom/1)}
    else
      {:ok, %{size: size}} -> {:error, {:too_long, size}}
      {:error, reason} -> {:error, reason}
    end
  end
end
